/** Watching a device that goes away and comes back. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type SinonFakeTimers, useFakeTimers } from 'sinon';
import { type MiioDevice, Network, PropertyWatch } from '../../../../lib/miio';
import { because } from '../conversation';
import { Puppet } from '../puppet';
import { properties } from './fake-device';
import { INTERVAL_MS, WatchableDevice, Watcher } from './watchable';

const HOUR_MS = 3_600_000;
/** What a poll that nobody answers takes. */
const TIMEOUT_MS = 10_000;

describe('a watch of a device that is away', () => {
  let clock: SinonFakeTimers;
  let device: WatchableDevice;
  let lamp: Watcher;

  beforeEach(() => {
    clock = useFakeTimers();
    device = new WatchableDevice();
  });

  afterEach(async () => {
    await lamp.watch.close();
    clock.restore();
  });

  /** Until it has been away for long, and the next poll is minutes off. */
  async function awayForLong(): Promise<void> {
    device.fake.away = true;
    await clock.tickAsync(HOUR_MS);
    const asked = lamp.watch.poll().catch(() => undefined);
    await clock.tickAsync(TIMEOUT_MS);
    await asked;
    await clock.tickAsync(INTERVAL_MS);
  }

  it('says once that it is away, and once that it is back, with what has changed meanwhile', async () => {
    lamp = new Watcher(device);
    await clock.tickAsync(0);
    lamp.news();
    device.fake.away = true;
    await clock.tickAsync(HOUR_MS);
    const told = lamp.news();
    assert.equal(told.length, 1);
    assert.match(String(told[0]), /^away: Lamp did not answer get_properties within 10000 ms/);
    device.fake.away = false;
    device.fake.values.set('2.1', 10).set('2.3', 30);
    await clock.tickAsync(HOUR_MS);
    assert.deepEqual(lamp.news(), ['back', { p1: 10, p3: 30 }]);
  });

  it('says so of a device that was never there, and tells everything when it comes', async () => {
    device.fake.away = true;
    lamp = new Watcher(device);
    await clock.tickAsync(HOUR_MS);
    assert.equal(lamp.news().length, 1);
    device.fake.away = false;
    await clock.tickAsync(HOUR_MS);
    assert.deepEqual(lamp.news(), ['back', { p1: 1, p2: 2, p3: 3 }]);
  });

  it('polls ever more rarely, down to once in five minutes, and as before when the device is back', async () => {
    lamp = new Watcher(device, properties(1));
    await clock.tickAsync(1_000);
    device.fake.away = true;
    await clock.tickAsync(2 * HOUR_MS);
    const before = device.requests;
    await clock.tickAsync(HOUR_MS);
    const anHour = device.requests - before;
    assert.ok(anHour >= HOUR_MS / (300_000 + TIMEOUT_MS) - 1, `${anHour} polls in an hour`);
    assert.ok(anHour <= HOUR_MS / (225_000 + TIMEOUT_MS) + 1, `${anHour} polls in an hour`);
    device.fake.away = false;
    await clock.tickAsync(400_000);
    assert.equal(lamp.news().at(-1), 'back');
    const back = device.requests;
    await clock.tickAsync(10 * INTERVAL_MS);
    assert.ok(device.requests - back >= 9);
    device.fake.away = true;
    const gone = device.requests;
    await clock.tickAsync(5 * INTERVAL_MS);
    assert.ok(device.requests - gone >= 3, 'the next absence begins with short waits again');
  });

  it('says so of a device that refuses everything', async () => {
    device.fake.methods.set('get_properties', () => {
      throw device.fake.refusal('get_properties', -9999, 'user ack timeout');
    });
    lamp = new Watcher(device, properties(1));
    await clock.tickAsync(HOUR_MS);
    const told = lamp.news();
    assert.equal(told.length, 1);
    assert.match(String(told[0]), /^away: .*-9999/);
  });

  it('polls as soon as the device greets again, but not twice within an interval', async () => {
    lamp = new Watcher(device, properties(1));
    await awayForLong();
    const waiting = device.requests;
    device.emit('state', 'connected');
    await clock.tickAsync(TIMEOUT_MS);
    assert.equal(device.requests, waiting + 1, 'a greeting brings the poll forward');
    for (let greeting = 0; greeting < 10; greeting++) {
      device.emit('state', 'disconnected');
      device.emit('state', 'connected');
      await clock.tickAsync(INTERVAL_MS / 20);
    }
    assert.equal(device.requests, waiting + 1, 'not each greeting brings a poll');
    device.fake.away = false;
    device.fake.values.set('2.1', 10);
    await clock.tickAsync(INTERVAL_MS);
    device.emit('state', 'connected');
    await clock.tickAsync(0);
    assert.deepEqual(lamp.news().slice(-2), ['back', { p1: 10 }]);
  });

  it('polls an interval after its last try when the device greets before that', async () => {
    lamp = new Watcher(device, properties(1));
    await awayForLong();
    const asked = lamp.watch.poll().catch(() => undefined);
    await clock.tickAsync(TIMEOUT_MS);
    await asked;
    const before = device.requests;
    await clock.tickAsync(INTERVAL_MS - 1_000);
    device.fake.away = false;
    device.emit('state', 'connected');
    await clock.tickAsync(900);
    assert.equal(device.requests, before, 'not yet');
    await clock.tickAsync(200);
    assert.equal(device.requests, before + 1);
    assert.equal(lamp.news().at(-1), 'back');
  });

  it('ends with the session, and says nothing of it', async () => {
    device.fake.away = true;
    lamp = new Watcher(device, properties(1));
    await clock.tickAsync(TIMEOUT_MS + 1_000);
    device.emit('state', 'connected');
    lamp.news();
    const before = device.requests;
    device.emit('state', 'closed');
    await assert.rejects(lamp.watch.poll(), { reason: 'closed' });
    await clock.tickAsync(0);
    assert.equal(clock.countTimers(), 0);
    await clock.tickAsync(HOUR_MS);
    assert.equal(device.requests, before);
    assert.deepEqual(lamp.news(), []);
  });

  it('does not poll again because of the greeting inside a poll', async () => {
    lamp = new Watcher(device, properties(1));
    await awayForLong();
    const waiting = device.requests;
    const asked = lamp.watch.poll().catch(() => undefined);
    await clock.tickAsync(0);
    device.emit('state', 'connected');
    await clock.tickAsync(TIMEOUT_MS);
    await asked;
    await clock.tickAsync(1_000);
    assert.equal(device.requests, waiting + 1);
  });

  it('asks at once when told to, and hands on why it had no answer', async () => {
    lamp = new Watcher(device, properties(1));
    await awayForLong();
    lamp.news();
    const asked = assert.rejects(lamp.watch.poll(), { code: 'TIMEOUT' });
    await clock.tickAsync(TIMEOUT_MS);
    await asked;
    device.fake.away = false;
    assert.deepEqual((await lamp.watch.poll()).values, { p1: 1 });
    assert.deepEqual(lamp.news(), ['back']);
  });
});

describe('a watch of classic properties', () => {
  let puppet: Puppet;
  let network: Network;
  let device: MiioDevice;

  beforeEach(async () => {
    puppet = await Puppet.open();
    network = new Network();
    device = network.device({
      address: '127.0.0.1',
      port: puppet.port,
      token: Puppet.token,
      timeoutMs: 200,
    });
  });

  afterEach(async () => {
    await network.close();
    await puppet.close();
  });

  it('greets a device that is away, so that its return is noticed before the next poll', async () => {
    const { onHello } = puppet;
    puppet.onHello = () => undefined;
    const watch = new PropertyWatch(device, [{ name: 'power' }], { intervalMs: 3_600_000 });
    await once(watch, 'away');
    puppet.onHello = onHello;
    while (device.state !== 'connected') await once(device, 'state');
    await watch.close();
  });

  it('does not begin with a device that is closed', () => {
    device.close();
    assert.throws(() => new PropertyWatch(device, [{ name: 'power' }]), because('closed'));
  });
});
