/** What may be logged, and how it stands on the wire. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  isAtLeast,
  LOG_LEVELS,
  type LogItem,
  logItem,
  lotLength,
  readLogEntry,
} from '../../../../lib/aliyun/functions/log-entry';
import { MialinkError } from '../../../../lib/errors';

const NOW = Date.UTC(2026, 10, 21, 7, 15, 27, 5);

describe('an entry of the log', () => {
  it('is written with its time and offset, level, module, code and context', () => {
    const entry = readLogEntry(
      { level: 'warn', module: 'lamp', code: 4103, content: 'hot', time: 0, traceContext: 'x7' },
      'lamp',
    );
    assert.deepEqual(logItem(entry, NOW), {
      utcTime: '1970-01-01T00:00:00.000+0000',
      logLevel: 'WARN',
      module: 'lamp',
      code: '4103',
      logContent: 'hot',
      traceContext: 'x7',
    });
  });

  it('may be mere text: an information of now', () => {
    assert.deepEqual(logItem(readLogEntry('started', 'lamp'), NOW), {
      utcTime: '2026-11-21T07:15:27.005+0000',
      logLevel: 'INFO',
      module: 'device',
      code: '0',
      logContent: 'started',
    });
  });

  it('may have a date or its text as time, and an object as content', () => {
    for (const time of [new Date(NOW), new Date(NOW).toISOString(), '2026-11-21T08:15:27.005+01:00', NOW]) {
      const { utcTime, logContent } = logItem(readLogEntry({ time, content: { a: [1] } }, 'lamp'), 0);
      assert.deepEqual([utcTime, logContent], ['2026-11-21T07:15:27.005+0000', '{"a":[1]}']);
    }
  });

  const wrong: [string, unknown, RegExp][] = [
    ['a number', 5, /must be text, or \{.*content.*\}, not number/],
    ['nothing', undefined, /not undefined/],
    ['null', null, /not null/],
    ['an object without content', { level: 'INFO' }, /not an object without content/],
    ['an unknown level', { level: 'LOUD', content: 'x' }, /DEBUG, INFO, WARN.*not LOUD/],
    ['a level that is none', { level: 3, content: 'x' }, /not 3/],
    ['a time that is none', { time: 'yesterday', content: 'x' }, /a time in ms.*not yesterday/],
    ['a time beyond all calendars', { time: 1e18, content: 'x' }, /a time in ms/],
    ['a time that is not a number', { time: Number.NaN, content: 'x' }, /a time in ms/],
  ];
  for (const [what, value, text] of wrong) {
    it(`is refused if it is ${what}`, () => {
      assert.throws(
        () => readLogEntry(value, 'lamp'),
        (error) => error instanceof MialinkError && error.code === 'CONFIG' && text.test(error.message),
      );
    });
  }

  it('is cut where it is too long, at a whole character', () => {
    const { logContent, module } = logItem(
      { content: 'a'.concat('灯'.repeat(2_000)), module: 'm'.repeat(999) },
      NOW,
    );
    assert.equal(logContent, 'a'.concat('灯'.repeat(1_365)));
    assert.equal(Buffer.byteLength(logContent), 4_096);
    assert.equal(module.length, 256);
    assert.equal(logItem({ content: 'x'.repeat(4_096) }, NOW).logContent.length, 4_096);
    assert.equal(logItem({ content: 'x'.repeat(4_095).concat('é') }, NOW).logContent.length, 4_095);
  });

  it('is at least of a level if it is that or a worse one', () => {
    const entries = LOG_LEVELS.map((level) => ({ level, content: 'x' }));
    assert.deepEqual(
      entries.filter(isAtLeast('WARN')).map(({ level }) => level),
      ['WARN', 'ERROR', 'FATAL', 'OTHER'],
    );
    assert.ok(isAtLeast('INFO')({ content: 'x' }) && !isAtLeast('WARN')({ content: 'x' }));
  });

  it('fits the documented form, or is refused with a MialinkError, whatever it is', () => {
    const value = fc.oneof(
      fc.anything(),
      fc.record(
        {
          level: fc.oneof(fc.constantFrom(...LOG_LEVELS, 'info'), fc.anything()),
          content: fc.anything({ withBigInt: true, withNullPrototype: true }),
          time: fc.oneof(fc.integer(), fc.anything()),
          module: fc.anything(),
          code: fc.anything(),
          traceContext: fc.anything(),
        },
        { requiredKeys: [] },
      ),
    );
    fc.assert(
      fc.property(value, (thing) => {
        try {
          const item = logItem(readLogEntry(thing, 'lamp'), NOW);
          assert.match(item.utcTime, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000$/);
          for (const text of Object.values(item)) assert.equal(typeof text, 'string');
          assert.ok(Buffer.byteLength(item.logContent) <= 4_096);
        } catch (error) {
          assert.ok(error instanceof MialinkError, String(error));
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('a lot of entries', () => {
  const items = (count: number, content = 'x'): LogItem[] =>
    Array.from({ length: count }, () => logItem({ content }, NOW));

  it('has forty of them at most', () => {
    assert.deepEqual(
      [0, 1, 39, 40, 41, 1_000].map((count) => lotLength(items(count))),
      [0, 1, 39, 40, 40, 40],
    );
  });

  it('fits into one message, though JSON makes control characters six times as long', () => {
    const evil = items(40, '\u0001'.repeat(4_096));
    const length = lotLength(evil);
    assert.ok(length >= 7 && length < 40, `${length}`);
    assert.ok(Buffer.byteLength(JSON.stringify(evil.slice(0, length))) < 256 * 1024);
    assert.equal(lotLength(items(40, 'x'.repeat(4_096))), 40);
  });
});
