/** The estimator of RFC 6298 with the numbers worked out by hand, and the waits that follow from it. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { AnswerTime, AnswerTimes, type Expectation, NEVER_LOST, Waits } from '../../../lib/miio/answer-time';

/** An answer to a command that was sent once. */
const once = (ms: number) => ({ sinceFirstMs: ms, sinceLastMs: ms, packets: 1 });
const repeated = (sinceFirstMs: number, sinceLastMs: number) => ({ sinceFirstMs, sinceLastMs, packets: 2 });

/** What is known after these exact times. */
function knowing(...times: number[]): AnswerTime {
  const known = new AnswerTime();
  for (const ms of times) known.add(once(ms));
  return known;
}

/** The waits of a try that ends. */
function waits(expected: Expectation): number[] {
  const all: number[] = [];
  const one = new Waits(expected, false);
  for (let wait = one.next(); wait !== undefined; wait = one.next()) all.push(wait);
  return all;
}

describe('the answer time of a method', () => {
  it('is guessed as long as nothing is known, and never below the 4 s of a module that gives up', () => {
    const unknown = new AnswerTime();
    assert.equal(unknown.overdueMs, 500);
    assert.ok(unknown.lostMs > 4_002);
  });

  it('follows RFC 6298: the first time, half of it as variation, then 1/8 and 1/4 of the news', () => {
    assert.equal(knowing(300).overdueMs, 300 + 4 * 150);
    // variation 0.75 * 150 + 0.25 * |300 - 400| = 137.5, smoothed 0.875 * 300 + 0.125 * 400 = 312.5
    assert.equal(knowing(300, 400).overdueMs, 312.5 + 4 * 137.5);
    assert.equal(knowing(300, 400).lostMs, 2 * (312.5 + 4 * 137.5));
  });

  it('is never waited for less than 200 ms, and lost after a second at the earliest', () => {
    const fast = knowing(...Array.from({ length: 50 }, () => 2));
    assert.equal(fast.overdueMs, 200);
    assert.equal(fast.lostMs, 1_000);
  });

  it('is overdue after 2 s at the latest, since a repeat does no harm', () => {
    const slow = knowing(4_000, 4_000, 4_000);
    assert.equal(slow.overdueMs, 2_000);
    assert.ok(slow.lostMs > 8_000);
  });

  it('begins with the bound that a repeated packet gives, until an exact time is known', () => {
    const known = new AnswerTime();
    known.add(repeated(700, 200));
    assert.equal(known.overdueMs, 700);
    known.add(once(60));
    assert.equal(known.overdueMs, 200);
  });

  it('learns nothing from a repeated packet that was probably answered as fast as ever', () => {
    const known = knowing(100);
    known.add(repeated(400, 100));
    assert.equal(known.overdueMs, knowing(100).overdueMs);
  });

  it('learns from a repeated packet that the device has become slow', () => {
    const known = knowing(50, 50, 50);
    known.add(repeated(3_000, 2_400));
    assert.ok(known.lostMs >= 6_000);
  });

  it('stays above the answers of a steady device', () => {
    const steady = fc.array(fc.integer({ min: 90, max: 110 }), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(steady, (samples) => {
        const { overdueMs } = knowing(...samples);
        assert.ok(overdueMs >= 200 && overdueMs <= 330);
      }),
    );
  });
});

describe('the answer times of a device', () => {
  it('let a new method be repeated as soon as the others are, but not be taken for lost', () => {
    const times = new AnswerTimes();
    for (let n = 0; n < 5; n++) times.add('get_prop', once(20));
    assert.equal(times.of('toggle').overdueMs, 200);
    assert.equal(times.of('toggle').lostMs, new AnswerTime().lostMs);
    assert.equal(times.of('get_prop').lostMs, 1_000);
  });

  it('are kept for a limited number of methods', () => {
    const times = new AnswerTimes();
    for (let n = 0; n < 1_000; n++) times.add(`method ${n}`, once(20));
    assert.equal(times.of('method 0').lostMs, 1_000);
    assert.equal(times.of('method 999').lostMs, new AnswerTime().lostMs);
  });
});

describe('the waits behind the packets of one try', () => {
  it('double until the answer is lost, when another try may follow', () => {
    assert.deepEqual(waits(knowing(2)), [200, 400, 400]);
    assert.deepEqual(waits(new AnswerTime()), [500, 4_500]);
  });

  it('leave the last packet as long as an answer may take, whatever was measured', () => {
    const measurements = fc.array(
      fc.record({
        sinceFirstMs: fc.double({ min: 0, max: 10_000, noNaN: true }),
        sinceLastMs: fc.double({ min: 0, max: 10_000, noNaN: true }),
        packets: fc.integer({ min: 1, max: 5 }),
      }),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(measurements, (all) => {
        const times = new AnswerTimes();
        for (const one of all) times.add('toggle', one);
        const known = times.of('toggle');
        assert.ok(Number(waits(known).at(-1)) >= known.longestMs);
        // A method without an answer is given the 4 s of the module.
        assert.ok(Number(waits(times.of('other')).at(-1)) > 4_000);
      }),
    );
  });

  it('are together as long as an answer may take, and none is short, whatever was measured', () => {
    const samples = fc.array(fc.double({ min: 0, max: 10_000, noNaN: true }), { maxLength: 20 });
    fc.assert(
      fc.property(samples, (times) => {
        const known = knowing(...times);
        const all = waits(known);
        const sum = all.reduce((total, wait) => total + wait, 0);
        assert.ok(Math.abs(sum - known.lostMs) < 1e-6);
        assert.ok(Math.min(...all) >= 200 && all.length < 10);
      }),
    );
  });

  it('double without end in the last try', () => {
    const last = new Waits(knowing(2), true);
    const first = Array.from({ length: 6 }, () => last.next());
    assert.deepEqual(first, [200, 400, 800, 1_600, 3_200, 6_400]);
  });

  it('have no end behind the one packet of what is never sent again', () => {
    assert.deepEqual(waits(NEVER_LOST), [Number.POSITIVE_INFINITY]);
  });
});
