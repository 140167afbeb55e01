/** How an entry of the log stands on the wire. */
import assert from 'node:assert/strict';
import {
  isAtLeast,
  LOG_LEVELS,
  type LogEntry,
  type LogItem,
  logItem,
  lotLength,
} from '../../../../lib/aliyun/functions/log-entry';

const NOW = Date.UTC(2026, 10, 21, 7, 15, 27, 5);

describe('an entry of the log', () => {
  it('is written with its time and offset, level, module, code and context', () => {
    const entry: LogEntry = {
      level: 'WARN',
      module: 'lamp',
      code: '4103',
      content: 'hot',
      time: 0,
      traceContext: 'x7',
    };
    assert.deepEqual(logItem(entry, NOW), {
      utcTime: '1970-01-01T00:00:00.000+0000',
      logLevel: 'WARN',
      module: 'lamp',
      code: '4103',
      logContent: 'hot',
      traceContext: 'x7',
    });
  });

  it('is, where it says nothing else, an information of now', () => {
    assert.deepEqual(logItem({ content: 'started' }, NOW), {
      utcTime: '2026-11-21T07:15:27.005+0000',
      logLevel: 'INFO',
      module: 'device',
      code: '0',
      logContent: 'started',
    });
  });

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
