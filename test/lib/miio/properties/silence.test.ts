/** Many properties of a device that keeps silent: to what is too large for it, or to everything. */
import assert from 'node:assert/strict';
import { type SinonFakeTimers, useFakeTimers } from 'sinon';
import { MialinkError } from '../../../../lib/errors';
import { PropertyAccess } from '../../../../lib/miio/properties';
import { because } from '../conversation';
import { FakeDevice, properties } from './fake-device';

describe('reading many properties under one deadline', () => {
  let clock: SinonFakeTimers;
  let device: FakeDevice;
  let access: PropertyAccess;

  beforeEach(() => {
    clock = useFakeTimers();
    device = new FakeDevice().withMiot(40);
    access = new PropertyAccess(device, 8_000);
  });

  afterEach(() => clock.restore());

  /** Lets time pass until the promise settles; how long that took, and how. */
  async function lasts<Value>(
    promise: Promise<Value>,
  ): Promise<{ ms: number; value?: Value; error?: unknown }> {
    const startedAt = Date.now();
    const settled = promise.then(
      (value) => ({ ms: Date.now() - startedAt, value }),
      (error: unknown) => ({ ms: Date.now() - startedAt, error }),
    );
    await clock.tickAsync(60_000);
    return settled;
  }

  it('gives what is certain all the time, and what is not half of it', async () => {
    await access.get(properties(1));
    assert.equal(device.sent[0]?.options.timeoutMs, 8_000);
    await access.get(properties(15));
    assert.equal(device.sent[1]?.options.timeoutMs, 4_000);
    await access.get(properties(15));
    assert.equal(device.sent[2]?.options.timeoutMs, 8_000);
  });

  it('repeats what is certain as often as it is told, and what is not once', async () => {
    await access.get(properties(2), { retries: 5 });
    await access.get(properties(2), { retries: 5 });
    await access.get(properties(3), { retries: 0 });
    await access.get(properties(4));
    assert.deepEqual(
      device.sent.map(({ options }) => options.retries),
      [1, 5, 0, 1],
    );
  });

  it('says which requests are trials: what was not answered before, and what spoils', async () => {
    const inner = device.call.bind(device);
    device.call = async (method, params, options) => {
      device.away = JSON.stringify(params).includes('"piid":3}');
      return inner(method, params, options);
    };
    const trials = async () => {
      const before = device.sent.length;
      await lasts(access.get(properties(3)));
      return device.sent
        .slice(before)
        .map(({ params, options }) => [Array.isArray(params) && params.length, options.trial]);
    };
    assert.deepEqual(await trials(), [
      [3, true],
      [2, true],
      [1, true],
    ]);
    assert.deepEqual(await trials(), [
      [2, false],
      [1, true],
    ]);
  });

  it('halves what is met with silence, and knows it the next time', async () => {
    device.most = 8;
    device.tooMany = 'silent';
    const { value, ms } = await lasts(access.get(properties(15)));
    assert.equal(Object.keys(value?.values ?? {}).length, 15);
    assert.ok(ms <= 8_000);
    assert.deepEqual(device.sizes, [15, 8, 7]);
    await access.get(properties(15));
    assert.deepEqual(device.sizes.slice(3), [8, 7]);
  });

  it('does not ask one by one of a device that is away, and says how long it waited', async () => {
    device.away = true;
    const { ms, error } = await lasts(access.get(properties(30)));
    assert.ok(because('noAnswer', /get_properties within 8000 ms/)(error));
    assert.ok(ms <= 8_000);
    assert.ok(device.sent.length <= 5, String(device.sizes));
    device.away = false;
    await access.get(properties(30));
    assert.deepEqual(device.sizes.slice(-2), [15, 15]);
  });

  it('takes silence to what was answered before for absence: one request, and nothing learned', async () => {
    await access.get(properties(15));
    device.away = true;
    for (let outage = 0; outage < 5; outage++) {
      const before = device.sent.length;
      const { error } = await lasts(access.get(properties(15)));
      assert.ok(because('noAnswer')(error));
      assert.equal(device.sent.length - before, 1);
    }
    device.away = false;
    await access.get(properties(15));
    assert.equal(device.sizes.at(-1), 15);
  });

  it('finds the one that makes the device silent, and then waits 5 s for it at most', async () => {
    const inner = device.call.bind(device);
    device.call = async (method, params, options) => {
      device.away = JSON.stringify(params).includes('"piid":9}');
      return inner(method, params, options);
    };
    const { value, ms } = await lasts(access.get(properties(15)));
    assert.deepEqual(Object.keys(value?.errors ?? {}), ['p9']);
    assert.equal(value?.errors.p9?.code, 'TIMEOUT');
    assert.match(value?.errors.p9?.message ?? '', /within 8000 ms/);
    assert.equal(Object.keys(value?.values ?? {}).length, 14);
    assert.ok(ms <= 8_000);
    const next = await lasts(access.get(properties(15)));
    assert.equal(Object.keys(next.value?.values ?? {}).length, 14);
    assert.deepEqual(device.sizes.slice(-2), [14, 1]);
    assert.equal(device.sent.at(-1)?.options.timeoutMs, 5_000);
  });

  it('takes a token that was never proven for a silence first, and for a wrong one in the end', async () => {
    device.methods.set('get_properties', () => {
      throw new MialinkError('tokenRejected', { device: 'Lamp', method: 'get_properties' });
    });
    await assert.rejects(access.get(properties(15)), because('tokenRejected'));
    assert.deepEqual(device.sizes, [15, 8, 4, 2, 1]);
  });

  for (const count of [1, 2, 15]) {
    it(`tells the likely cause when it has got nothing of ${count} in all its time`, async () => {
      device.call = async (method, _, { timeoutMs = 0 } = {}) => {
        await new Promise((resolve) => setTimeout(resolve, timeoutMs));
        throw new MialinkError('tokenRejected', { device: 'Lamp', method, timeoutMs });
      };
      const { error } = await lasts(access.get(properties(count)));
      assert.ok(because('tokenRejected')(error));
    });
  }

  it('finds the last one to make the device silent, too', async () => {
    const inner = device.call.bind(device);
    device.call = async (method, params, options) => {
      device.away = JSON.stringify(params).includes('"piid":4}');
      return inner(method, params, options);
    };
    await lasts(access.get(properties(4)));
    const next = await lasts(access.get(properties(4)));
    assert.equal(Object.keys(next.value?.values ?? {}).length, 3);
    assert.equal(device.sent.at(-1)?.options.timeoutMs, 5_000);
  });

  it('sends nothing when the time is over, and gives what was answered by then', async () => {
    device.methods.set('get_properties', async (params) => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      assert.ok(Array.isArray(params));
      return params.map(({ siid, piid }) => ({ siid, piid, code: 0, value: 1 }));
    });
    const { value, ms } = await lasts(access.get(properties(40), { timeoutMs: 500 }));
    assert.equal(Object.keys(value?.values ?? {}).length, 30);
    assert.equal(Object.keys(value?.errors ?? {}).length, 10);
    assert.equal(value?.errors.p40?.code, 'TIMEOUT');
    assert.match(value?.errors.p40?.message ?? '', /within 500 ms/);
    assert.equal(device.sent.length, 2);
    assert.equal(ms, 600);
  });

  for (const most of [8, 4, 1]) {
    it(`waits for the -9999 of a module that takes 4 s, and finds that it bears ${most}`, async () => {
      device.refusalMs = 4_000;
      device.most = most;
      const first = await lasts(access.get(properties(15), { timeoutMs: 10_000 }));
      assert.ok(first.ms <= 10_000);
      if (most >= 4) assert.equal(Object.keys(first.value?.values ?? {}).length, 15);
      else
        assert.ok(because('deviceRefused', /-9999/)(first.error), 'its own words, not that the time is over');
      const second = await lasts(access.get(properties(15), { timeoutMs: 10_000 }));
      assert.equal(Object.keys(second.value?.values ?? {}).length, 15);
    });
  }

  it('finds within some gets the one that a module takes 4 s to refuse, and loses no value that it has', async () => {
    device.refusalMs = 4_000;
    device.poison.add('2.9');
    const found: number[] = [];
    for (let get = 0; get < 4; get++) {
      const { value, ms } = await lasts(access.get(properties(15), { timeoutMs: 10_000 }));
      assert.ok(ms <= 10_000);
      found.push(Object.keys(value?.values ?? {}).length);
    }
    assert.ok(
      found.every((count) => count >= 8),
      String(found),
    );
    assert.equal(found.at(-1), 14);
  });

  it('leaves no request on a slow module whose refusal nobody could hear, but one try', async () => {
    device.refusalMs = 4_000;
    device.most = 1;
    await lasts(access.get(properties(15), { timeoutMs: 10_000 }));
    assert.deepEqual(device.sizes, [15, 8, 4]);
    const options = device.sent.map(({ options: { timeoutMs, retries, repeatsUnheard } }) => [
      timeoutMs,
      retries,
      repeatsUnheard,
    ]);
    assert.deepEqual(options, [
      [5_000, 1, false],
      [5_000, 1, false],
      [2_000, 0, false],
    ]);
  });

  it('ends at once for what is not the fault of the properties', async () => {
    const ends = [
      new MialinkError('aborted', { device: 'Lamp' }),
      new MialinkError('unreachable', { device: 'Lamp', cause: 'EHOSTUNREACH' }),
      new MialinkError('notSent', { device: 'Lamp', method: 'm', timeoutMs: 1 }),
      new MialinkError('tokenOther', { device: 'Lamp', method: 'm' }),
      new TypeError('a bug of ours'),
    ];
    for (const end of ends) {
      device.methods.set('get_properties', () => {
        throw end;
      });
      const before = device.sent.length;
      await assert.rejects(access.get(properties(30)), { message: end.message.replace(' 1 ms', ' 8000 ms') });
      assert.equal(device.sent.length - before, 1);
    }
  });

  it('refuses a deadline that makes no sense', async () => {
    for (const timeoutMs of [0, -1, Number.NaN]) {
      await assert.rejects(access.get(properties(1), { timeoutMs }), because('settingInvalid', /timeoutMs/));
    }
    assert.deepEqual(device.sent, []);
  });
});
