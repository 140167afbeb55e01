/** What a flow may write into the device's log. */
import assert from 'node:assert/strict';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { LOG_LEVELS, logItem } from '../../lib/aliyun/functions/log-entry';
import { MialinkError } from '../../lib/errors';
import { readLogEntry } from '../../nodes/log-payload';

const NOW = Date.UTC(2026, 10, 21, 7, 15, 27, 5);

describe('an entry of the log as a flow writes it', () => {
  it('may have its level in lower case, and a number as code', () => {
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
    for (const time of [
      new Date(NOW),
      runInNewContext(`new Date(${NOW})`),
      new Date(NOW).toISOString(),
      '2026-11-21T08:15:27.005+01:00',
      NOW,
    ]) {
      const { utcTime, logContent } = logItem(readLogEntry({ time, content: { a: [1] } }, 'lamp'), 0);
      assert.deepEqual([utcTime, logContent], ['2026-11-21T07:15:27.005+0000', '{"a":[1]}']);
    }
  });

  it('tells what an error says, also one out of a function node', () => {
    for (const error of [new Error('the pump is dry'), runInNewContext("new Error('the pump is dry')")]) {
      assert.equal(
        readLogEntry({ level: 'error', content: error }, 'lamp').content,
        'Error: the pump is dry',
      );
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
