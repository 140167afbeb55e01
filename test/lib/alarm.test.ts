/** One timer for many moments: it rings in time, costs nothing when it is not needed, and ends when told. */
import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import sinon, { type SinonFakeTimers } from 'sinon';
import { Alarm } from '../../lib/alarm';

/** Those that keep the program running. */
const timeouts = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

describe('an alarm', () => {
  let clock: SinonFakeTimers;
  let rung: number[];
  let next: number;
  let alarm: Alarm;

  beforeEach(() => {
    clock = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    rung = [];
    next = Number.POSITIVE_INFINITY;
    alarm = new Alarm((now) => {
      rung.push(now);
      return next;
    });
  });

  afterEach(() => clock.restore());

  it('rings at the earliest of its moments, and then at the one that it is told', () => {
    next = 300;
    alarm.set(200);
    alarm.set(100);
    alarm.set(250);
    clock.tick(200);
    assert.deepEqual(rung, [100]);
    next = Number.POSITIVE_INFINITY;
    clock.tick(1_000);
    assert.deepEqual(rung, [100, 300]);
    assert.equal(clock.countTimers(), 0);
  });

  it('has one timer, however many moments there are', () => {
    for (let moment = 1_000; moment > 0; moment--) alarm.set(moment);
    assert.equal(clock.countTimers(), 1);
  });

  it('rings at once for a moment that is over', () => {
    clock.tick(500);
    alarm.set(100);
    clock.tick(1);
    assert.equal(rung.length, 1);
  });

  it('waits for a moment beyond what a timer can take', () => {
    next = 2 ** 31 + 1_000;
    alarm.set(next);
    clock.tick(2 ** 31 - 1);
    assert.equal(rung.length, 1, 'it looks in between');
    next = Number.POSITIVE_INFINITY;
    clock.tick(2_000);
    assert.equal(rung.length, 2);
  });

  it('does not ring after stop, and can be set again', () => {
    alarm.set(100);
    alarm.stop();
    clock.tick(200);
    assert.deepEqual(rung, []);
    alarm.set(300);
    clock.tick(100);
    assert.deepEqual(rung, [300]);
  });

  it('lets the program end when whoever was waited for from within a ring is gone at once', async () => {
    clock.restore();
    // Mocha's own is there from the next turn on.
    await nextTurn();
    const before = timeouts();
    const unwanted = new Promise<Alarm>((resolve) => {
      const ringing: Alarm = new Alarm(() => {
        ringing.set(performance.now() + 60_000);
        ringing.rest();
        setImmediate(resolve, ringing);
        return Number.POSITIVE_INFINITY;
      });
      ringing.set(performance.now());
    });
    const ringing = await unwanted;
    assert.equal(timeouts(), before);
    ringing.stop();
  });

  it('keeps the program running only while somebody waits', () => {
    clock.restore();
    const before = timeouts();
    alarm.set(performance.now() + 60_000);
    assert.equal(timeouts(), before + 1);
    alarm.rest();
    assert.equal(timeouts(), before);
    alarm.set(performance.now() + 90_000);
    assert.equal(timeouts(), before + 1);
    alarm.stop();
    assert.equal(timeouts(), before);
  });
});
