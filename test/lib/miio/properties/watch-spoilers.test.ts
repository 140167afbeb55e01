/** Watching where one property takes the device's queue for seconds: others must not wait for it in every poll. */
import assert from 'node:assert/strict';
import { type SinonFakeTimers, useFakeTimers } from 'sinon';
import { properties } from './fake-device';
import { WatchableDevice, Watcher } from './watchable';

const INTERVAL_MS = 5_000;
/** What a module takes to say that its controller has not answered. */
const REFUSAL_MS = 4_000;

describe('a watch with a property that spoils its request', () => {
  let clock: SinonFakeTimers;
  let device: WatchableDevice;
  let lamp: Watcher;

  beforeEach(async () => {
    clock = useFakeTimers();
    device = new WatchableDevice();
    device.fake.refusalMs = REFUSAL_MS;
    device.fake.poison.add('2.3');
    lamp = new Watcher(device, properties(3), { intervalMs: INTERVAL_MS });
    await clock.tickAsync(0);
    // Until it is known which one it is.
    await clock.tickAsync(20_000);
  });

  afterEach(async () => {
    await lamp.watch.close();
    clock.restore();
  });

  /** How often each of the keys was asked for in this time. */
  async function asked(ms: number): Promise<{ sound: number; spoiler: number }> {
    const before = device.requests;
    await clock.tickAsync(ms);
    const sent = device.fake.sent.slice(before).map(({ params }) => JSON.stringify(params));
    return {
      sound: sent.filter((params) => params.includes('prop.2.1')).length,
      spoiler: sent.filter((params) => params.includes('prop.2.3')).length,
    };
  }

  it('leaves it out of most polls, and ever more', async () => {
    const first = await asked(60 * INTERVAL_MS);
    assert.ok(first.sound >= 45, `${first.sound} polls`);
    assert.ok(first.spoiler >= 1 && first.spoiler <= 6, `${first.spoiler} times`);
    const hour = await asked(3_600_000);
    assert.ok(hour.spoiler >= 11 && hour.spoiler <= 17, `${hour.spoiler} times in an hour`);
  });

  it('tells its error once, and everything else as it changes', async () => {
    const [first] = lamp.news() as [{ errors: Record<string, { code: number }> }];
    assert.deepEqual(Object.keys(first.errors), ['p3']);
    device.fake.values.set('2.1', 10);
    await clock.tickAsync(2 * INTERVAL_MS);
    assert.deepEqual(lamp.news(), [{ p1: 10 }]);
    await clock.tickAsync(600_000);
    assert.deepEqual(lamp.news(), []);
  });

  it('asks for it when it is asked for everything', async () => {
    await clock.tickAsync(2 * INTERVAL_MS);
    const before = device.requests;
    const poll = lamp.watch.poll();
    await clock.tickAsync(REFUSAL_MS + 1_000);
    const { values, errors } = await poll;
    assert.deepEqual(values, { p1: 1, p2: 2 });
    assert.equal(errors.p3?.code, -9999);
    assert.deepEqual(device.fake.sizes.slice(before), [2, 1]);
  });

  it('asks for it in every poll again once it has a value', async () => {
    device.fake.poison.clear();
    await clock.tickAsync(600_000);
    assert.deepEqual(lamp.news().at(-1), { p3: 3 });
    device.fake.values.set('2.3', 33);
    await clock.tickAsync(2 * INTERVAL_MS);
    assert.deepEqual(lamp.news(), [{ p3: 33 }]);
  });

  it('never asks for nothing, which would not tell that the device is away', async () => {
    device.fake.poison.clear();
    device.fake.values.delete('2.3');
    const alone = new Watcher(device, properties(3).slice(2), { intervalMs: INTERVAL_MS });
    await clock.tickAsync(2 * INTERVAL_MS);
    const [refused] = alone.news() as [{ errors: Record<string, { code: number }> }];
    assert.equal(refused.errors.p3?.code, -4003);
    device.fake.away = true;
    await clock.tickAsync(20_000);
    assert.match(String(alone.news()), /^away: /);
    await alone.watch.close();
  });
});
