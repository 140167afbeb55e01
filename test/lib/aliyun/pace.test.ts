import assert from 'node:assert/strict';
import fc from 'fast-check';
import sinon, { type SinonFakeTimers } from 'sinon';
import { Pace } from '../../../lib/aliyun/pace';

const refused = () => new Error('it took too long');

describe('the pace of messages', () => {
  let clock: SinonFakeTimers;
  beforeEach(() => {
    clock = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  });
  afterEach(() => clock.restore());

  /** When each of `count` messages left, in milliseconds from now. */
  const departures = (pace: Pace, count: number, timeoutMs = 60_000): number[] => {
    const left: number[] = [];
    const start = performance.now();
    for (let message = 0; message < count; message++) {
      const turn = pace.turn(timeoutMs, refused);
      const leave = () => left.push(performance.now() - start);
      if (turn) turn.then(leave, () => undefined);
      else leave();
    }
    return left;
  };

  it('lets half a second’s worth go at once, and the rest one after the other, a little below the rate', async () => {
    const left = departures(new Pace(10), 15);
    assert.deepEqual(left, Array(5).fill(0));
    await clock.tickAsync(10_000);
    assert.equal(left.length, 15);
    for (let late = 5; late < 15; late++) {
      const gapMs = (left[late] ?? 0) - (left[late - 1] ?? 0);
      assert.ok(gapMs >= 110 && gapMs <= 113, `${left}`);
    }
  });

  it('lets a message go at once at a rate below one a second too', async () => {
    const left = departures(new Pace(0.5), 2);
    await clock.tickAsync(10_000);
    assert.deepEqual(left, [0, 2_223]);
  });

  it('never lets more go than the rate, whatever the flow does', async () => {
    const pauses = fc.array(fc.record({ count: fc.nat(12), pauseMs: fc.nat(1_500) }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(pauses, async (bursts) => {
        const pace = new Pace(10);
        const left: number[] = [];
        for (const { count, pauseMs } of bursts) {
          for (let message = 0; message < count; message++) {
            void (pace.turn(60_000, refused) ?? Promise.resolve()).then(() => left.push(performance.now()));
          }
          await clock.tickAsync(pauseMs);
        }
        await clock.tickAsync(60_000);
        assert.equal(
          left.length,
          bursts.reduce((sum, { count }) => sum + count, 0),
        );
        // 5 at once and 9 in the second behind it, and none more.
        left.forEach((time, index) => {
          const next = left[index + 14];
          assert.ok(next === undefined || next - time >= 1_000, `${left}`);
        });
        pace.rejectAll(new Error('over'));
      }),
    );
  });

  it('keeps the order of those that wait', async () => {
    const pace = new Pace(1);
    const order: number[] = [];
    for (let message = 0; message < 4; message++) {
      void pace.turn(60_000, refused)?.then(() => order.push(message));
    }
    await clock.tickAsync(5_000);
    assert.deepEqual(order, [1, 2, 3]);
  });

  it('refuses whoever would wait too long, and goes on with the others', async () => {
    const pace = new Pace(1);
    departures(pace, 1);
    const short = assert.rejects(pace.turn(500, refused) ?? Promise.resolve(), /too long/);
    const long = pace.turn(5_000, refused);
    assert.equal(pace.inLine, 2);
    await clock.tickAsync(500);
    await short;
    await clock.tickAsync(700);
    await long;
    assert.equal(pace.inLine, 0);
  });

  it('bounds the line', async () => {
    const pace = new Pace(1);
    departures(pace, 1_001);
    assert.equal(pace.inLine, 1_000);
    await assert.rejects(pace.turn(60_000, refused) ?? Promise.resolve(), /too long/);
    pace.rejectAll(new Error('over'));
  });

  it('counts what does not wait', async () => {
    const pace = new Pace(10);
    for (let answer = 0; answer < 5; answer++) pace.spend();
    const left = departures(pace, 1);
    assert.deepEqual(left, []);
    await clock.tickAsync(200);
    assert.deepEqual(left, [112]);
  });

  it('is not held up for long by a flood of what does not wait', async () => {
    const pace = new Pace(10);
    for (let answer = 0; answer < 500; answer++) pace.spend();
    const left = departures(pace, 1);
    await clock.tickAsync(60_000);
    assert.deepEqual(left, [667]);
  });

  it('is no limit at 0', () => {
    assert.equal(departures(new Pace(0), 10_000).length, 10_000);
  });

  it('leaves nobody waiting at its end', async () => {
    const pace = new Pace(1);
    departures(pace, 1);
    const waiting = assert.rejects(pace.turn(60_000, refused) ?? Promise.resolve(), /over/);
    pace.rejectAll(new Error('over'));
    await waiting;
    assert.equal(clock.countTimers(), 0);
  });
});
