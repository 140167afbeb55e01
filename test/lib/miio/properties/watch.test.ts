/** Watching by polls: what is told, and when the device is asked. */
import assert from 'node:assert/strict';
import { type SinonFakeTimers, useFakeTimers } from 'sinon';
import { PropertyWatch } from '../../../../lib/miio/properties';
import { because } from '../conversation';
import { properties } from './fake-device';
import { INTERVAL_MS, WatchableDevice, Watcher } from './watchable';

/** Longer than one interval with all its chance, shorter than two. */
const ONE_ROUND_MS = 1.2 * INTERVAL_MS;

describe('a watch of properties', () => {
  let clock: SinonFakeTimers;
  let device: WatchableDevice;
  const open: Watcher[] = [];

  beforeEach(() => {
    clock = useFakeTimers();
    device = new WatchableDevice();
  });

  afterEach(async () => {
    await Promise.all(open.splice(0).map(({ watch }) => watch.close()));
    clock.restore();
  });

  function watcher(...args: ConstructorParameters<typeof Watcher>): Watcher {
    const made = new Watcher(...args);
    open.push(made);
    return made;
  }

  it('asks at once and tells everything, then only what has changed', async () => {
    const lamp = watcher(device);
    await clock.tickAsync(0);
    assert.deepEqual(lamp.news(), [{ p1: 1, p2: 2, p3: 3 }]);
    await clock.tickAsync(ONE_ROUND_MS);
    assert.equal(device.requests, 2);
    assert.deepEqual(lamp.news(), []);
    device.fake.values.set('2.2', 20);
    await clock.tickAsync(ONE_ROUND_MS);
    assert.deepEqual(lamp.news(), [{ p2: 20 }]);
  });

  it('compares values in depth', async () => {
    device.fake.values.set('2.1', { rooms: [1, 2] });
    const lamp = watcher(device, properties(1));
    await clock.tickAsync(0);
    device.fake.values.set('2.1', { rooms: [1, 2] });
    await clock.tickAsync(ONE_ROUND_MS);
    assert.deepEqual(lamp.news(), [{ p1: { rooms: [1, 2] } }]);
    device.fake.values.set('2.1', { rooms: [1, 3] });
    await clock.tickAsync(ONE_ROUND_MS);
    assert.deepEqual(lamp.news(), [{ p1: { rooms: [1, 3] } }]);
  });

  it('is not disturbed by who changes what it was told', async () => {
    device.fake.values.set('2.1', { rooms: [1, 2] });
    const lamp = watcher(device, properties(1));
    await clock.tickAsync(0);
    const [first] = lamp.news() as [{ p1: { rooms: number[] } }];
    first.p1.rooms.push(3);
    await clock.tickAsync(ONE_ROUND_MS);
    assert.deepEqual(lamp.news(), []);
  });

  it('polls at its interval, a tenth earlier or later by chance', async () => {
    watcher(device);
    const times: number[] = [];
    device.fake.methods.set('get_properties', () => {
      times.push(Date.now());
      return [];
    });
    await clock.tickAsync(50 * INTERVAL_MS);
    const waits = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    assert.ok(waits.length > 40);
    assert.ok(waits.every((ms) => ms >= 0.9 * INTERVAL_MS && ms <= 1.1 * INTERVAL_MS));
    assert.ok(Math.max(...waits) - Math.min(...waits) > 0.05 * INTERVAL_MS);
  });

  it('keeps to intervals longer than a timer without a flood of polls', async () => {
    watcher(device, properties(1), { intervalMs: 2 ** 31 - 1 });
    await clock.tickAsync(60_000);
    assert.equal(device.requests, 1);
  });

  it('refuses an interval that is none', () => {
    for (const intervalMs of [0, -1, 1.5, Number.NaN, 2 ** 31]) {
      assert.throws(
        () => new PropertyWatch(device, properties(1), { intervalMs }),
        because('settingInvalid', /intervalMs/),
      );
    }
    assert.equal(device.requests, 0);
    assert.equal(device.listenerCount('state'), 0);
  });

  it('tells the error of a property once, and its value when it has one again', async () => {
    device.fake.values.delete('2.3');
    const lamp = watcher(device);
    await clock.tickAsync(0);
    const [first] = lamp.news() as [{ values: object; errors: { p3: { code: number } } }];
    assert.deepEqual(first.values, { p1: 1, p2: 2 });
    assert.equal(first.errors.p3.code, -4003);
    await clock.tickAsync(ONE_ROUND_MS);
    assert.deepEqual(lamp.news(), []);
    device.fake.values.set('2.3', 33);
    await clock.tickAsync(ONE_ROUND_MS);
    assert.deepEqual(lamp.news(), [{ p3: 33 }]);
  });

  describe('asked for everything', () => {
    it('polls now and answers with all, without telling it twice', async () => {
      const lamp = watcher(device);
      await clock.tickAsync(1_000);
      lamp.news();
      device.fake.values.set('2.1', 10);
      const all = await lamp.watch.poll();
      assert.deepEqual(all, { values: { p1: 10, p2: 2, p3: 3 }, errors: {} });
      assert.deepEqual(lamp.news(), []);
      await clock.tickAsync(0.89 * INTERVAL_MS);
      assert.equal(device.requests, 2);
    });

    it('joins the poll that is under way, so that none waits behind another', async () => {
      const lamp = watcher(device);
      const answers = await Promise.all([lamp.watch.poll(), lamp.watch.poll(), lamp.watch.poll()]);
      await clock.tickAsync(1_000);
      assert.equal(device.requests, 1);
      assert.deepEqual(
        answers.map(({ values }) => values.p1),
        [1, 1, 1],
      );
      await Promise.all([lamp.watch.poll(), lamp.watch.poll()]);
      assert.equal(device.requests, 2);
    });

    it('has an answer too for who asks out of a report', async () => {
      const lamp = watcher(device);
      const asked = new Promise((resolve) => {
        lamp.watch.once('report', () => resolve(lamp.watch.poll()));
      });
      await clock.tickAsync(0);
      assert.deepEqual(await asked, { values: { p1: 1, p2: 2, p3: 3 }, errors: {} });
    });
  });

  it('never sends a poll while another is under way, however short the interval', async () => {
    device.fake.away = true;
    watcher(device, properties(1), { intervalMs: 100 });
    await clock.tickAsync(9_000);
    assert.equal(device.requests, 1);
  });

  it('shares a poll with a watch of the same properties, and not with one of others', async () => {
    const both = [watcher(device), watcher(device)];
    watcher(device, properties(2));
    await clock.tickAsync(0);
    assert.equal(device.requests, 2);
    for (const lamp of both) assert.deepEqual(lamp.news(), [{ p1: 1, p2: 2, p3: 3 }]);
  });

  describe('when it is closed', () => {
    it('ends the poll under way, tells nothing and sends nothing more', async () => {
      device.fake.away = true;
      const lamp = watcher(device, properties(1));
      const asked = assert.rejects(lamp.watch.poll(), because('closed'));
      await lamp.watch.close();
      await asked;
      assert.equal(device.fake.sent[0]?.options.signal?.aborted, true);
      await clock.tickAsync(10 * INTERVAL_MS);
      assert.equal(device.requests, 1);
      assert.deepEqual(lamp.news(), []);
      assert.equal(device.listenerCount('state'), 0);
      await assert.rejects(lamp.watch.poll(), because('closed'));
    });

    it('sends nothing more between two polls, and leaves no timer behind', async () => {
      const lamp = watcher(device);
      await clock.tickAsync(1_000);
      await lamp.watch.close();
      assert.equal(clock.countTimers(), 0);
      await clock.tickAsync(10 * INTERVAL_MS);
      assert.equal(device.requests, 1);
    });

    it('leaves a shared poll to those who still wait for it', async () => {
      device.fake.away = true;
      const [first, second] = [watcher(device, properties(1)), watcher(device, properties(1))];
      await first.watch.close();
      const [shared, ...others] = device.fake.sent;
      assert.deepEqual([shared?.options.signal?.aborted, others], [false, []]);
      await second.watch.close();
      assert.equal(shared?.options.signal?.aborted, true);
    });
  });
});
