/** Watching a device that reports of its own accord. */
import assert from 'node:assert/strict';
import { type SinonFakeTimers, useFakeTimers } from 'sinon';
import type { Property } from '../../../../lib/miio/properties';
import { properties } from './fake-device';
import { type FakeReports, INTERVAL_MS, WatchableDevice, Watcher } from './watchable';

describe('a watch of a device that reports', () => {
  let clock: SinonFakeTimers;
  let device: WatchableDevice;
  let lamp: Watcher;
  let reports: FakeReports;

  beforeEach(() => {
    clock = useFakeTimers();
    device = new WatchableDevice();
  });

  afterEach(async () => {
    await lamp.watch.close();
    clock.restore();
  });

  /** A watch that has its first answer. */
  async function start(...args: [Property[]?, { intervalMs?: number }?]): Promise<void> {
    lamp = new Watcher(device, ...args);
    assert.ok(device.reports[0]);
    reports = device.reports[0];
    await clock.tickAsync(0);
    lamp.news();
  }

  async function requestsIn(ms: number): Promise<number> {
    const before = device.requests;
    await clock.tickAsync(ms);
    return device.requests - before;
  }

  it('tells at once what it reports of the watched properties, once each', async () => {
    await start();
    reports.become('subscribed');
    reports.tell(
      { siid: 2, piid: 1, value: 10 },
      { siid: 9, piid: 1, value: 1 },
      { siid: 2, piid: 2, value: 2 },
    );
    assert.deepEqual(lamp.news(), [{ p1: 10 }]);
    reports.tell({ siid: 2, piid: 1, value: 10 });
    assert.deepEqual(lamp.news(), []);
  });

  it('reads a report as it reads an answer: 1 is true where the spec says bool', async () => {
    device.fake.values.set('2.1', 1);
    await start([{ name: 'on', siid: 2, piid: 1, format: 'bool' }]);
    reports.tell({ siid: 2, piid: 1, value: 1 });
    assert.deepEqual(lamp.news(), []);
    reports.tell({ siid: 2, piid: 1, value: 0 });
    assert.deepEqual(lamp.news(), [{ on: false }]);
  });

  it('polls once when the reports begin, then at a tenth of the pace', async () => {
    await start();
    reports.become('subscribed');
    assert.equal(await requestsIn(1_000), 1);
    assert.equal(await requestsIn(8.9 * INTERVAL_MS), 0);
    assert.equal(await requestsIn(2.2 * INTERVAL_MS), 1);
  });

  it('still polls every ten minutes, however long the interval is, or at the interval if that is longer', async () => {
    await start(properties(1), { intervalMs: 300_000 });
    reports.become('subscribed');
    await clock.tickAsync(0);
    assert.equal(await requestsIn(661_000), 1);
    await lamp.watch.close();
    device.reports.length = 0;
    await start(properties(1), { intervalMs: 3_600_000 });
    reports.become('subscribed');
    await clock.tickAsync(0);
    assert.equal(await requestsIn(3_200_000), 0);
    assert.equal(await requestsIn(800_000), 1);
  });

  it('polls at its interval again when the reports end, at once the first time', async () => {
    await start();
    reports.become('subscribed');
    await clock.tickAsync(0);
    device.fake.values.set('2.3', 30);
    reports.become('probing');
    await clock.tickAsync(0);
    assert.deepEqual(lamp.news(), [{ p3: 30 }]);
    assert.ok((await requestsIn(10 * INTERVAL_MS)) >= 9);
  });

  it('does not poll because a device turns out to report nothing', async () => {
    await start();
    reports.become('unsupported');
    assert.equal(await requestsIn(1_000), 0);
    assert.ok((await requestsIn(10 * INTERVAL_MS)) >= 9);
  });

  it('polls at its interval for what is never reported: classic, or without notify in the spec', async () => {
    const miot = { name: 'p1', siid: 2, piid: 1 };
    for (const silent of [{ name: 'power' }, { name: 'p2', siid: 2, piid: 2, access: ['read'] }]) {
      device.reports.length = 0;
      await start([miot, silent]);
      reports.become('subscribed');
      await clock.tickAsync(0);
      assert.ok((await requestsIn(10 * INTERVAL_MS)) >= 9, silent.name);
      await lamp.watch.close();
    }
  });

  it('does not subscribe for classic properties alone', async () => {
    lamp = new Watcher(device, [{ name: 'power' }]);
    await clock.tickAsync(0);
    assert.equal(device.reports.length, 0);
  });

  it('believes a report rather than the answer of a poll that was sent before', async () => {
    await start();
    device.fake.methods.set('get_properties', () => {
      const answer = [{ siid: 2, piid: 1, code: 0, value: 1 }];
      reports.tell({ siid: 2, piid: 1, value: 10 });
      return answer;
    });
    assert.equal((await lamp.watch.poll()).values.p1, 10);
    assert.deepEqual(lamp.news(), [{ p1: 10 }]);
    device.fake.methods.clear();
  });

  it('believes a poll that was sent after a report', async () => {
    await start();
    reports.tell({ siid: 2, piid: 1, value: 10 });
    device.fake.values.set('2.1', 11);
    assert.deepEqual((await lamp.watch.poll()).values, { p1: 11, p2: 2, p3: 3 });
  });

  it('is back with the first report subscription after an absence', async () => {
    device.fake.away = true;
    await start();
    await clock.tickAsync(3_600_000);
    lamp.news();
    device.fake.away = false;
    reports.become('subscribed');
    // As long as a poll that nobody answers may still be under way.
    await clock.tickAsync(10_000);
    assert.deepEqual(lamp.news(), ['back', { p1: 1, p2: 2, p3: 3 }]);
  });

  it('lets go of the reports when it is closed, and tells none any more', async () => {
    await start();
    await lamp.watch.close();
    assert.deepEqual(reports.eventNames(), []);
    reports.tell({ siid: 2, piid: 1, value: 10 });
    assert.deepEqual(lamp.news(), []);
    assert.equal(await requestsIn(10 * INTERVAL_MS), 0);
  });
});
