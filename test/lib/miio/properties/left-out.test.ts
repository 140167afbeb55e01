/** Answers that say nothing of some properties: too short for all, or without those that the device does not know. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type SinonFakeTimers, useFakeTimers } from 'sinon';
import { PropertyAccess } from '../../../../lib/miio/properties';
import { FakeDevice, properties } from './fake-device';

describe('properties that an answer leaves out', () => {
  let device: FakeDevice;
  let access: PropertyAccess;
  const sizesSince = (start: number) => device.sizes.slice(start);
  /** Leaves these out of every answer. */
  const without = (...piids: number[]) =>
    device.methods.set('get_properties', (params) => {
      assert.ok(Array.isArray(params));
      const known = params.filter(({ piid }) => !piids.includes(piid));
      return known.map((item) => ({ ...item, code: 0, value: 1 }));
    });

  beforeEach(() => {
    device = new FakeDevice().withMiot(20);
    access = new PropertyAccess(device);
  });

  it('are asked for by themselves, and the next time less at once', async () => {
    device.mostAnswered = 8;
    const { values, errors } = await access.get(properties(12));
    assert.deepEqual([Object.keys(values).length, errors], [12, {}]);
    assert.deepEqual(device.sizes, [12, 4]);
    assert.deepEqual((await access.get(properties(12))).errors, {});
    assert.deepEqual(sizesSince(2), [6, 6]);
  });

  it('are asked for as many at once as came', async () => {
    device.mostAnswered = 3;
    assert.deepEqual((await access.get(properties(12))).errors, {});
    assert.deepEqual(device.sizes, [12, 3, 3, 3]);
  });

  it('are asked for once more, and not the next time, when they do not come by themselves either', async () => {
    without(2, 5);
    for (const sizes of [[6, 2], [6], [6]]) {
      const before = device.sent.length;
      const { values, errors } = await access.get(properties(6));
      assert.deepEqual(Object.keys(values), ['p1', 'p3', 'p4', 'p6']);
      assert.deepEqual([errors.p2?.code, errors.p5?.code], ['CODEC', 'CODEC']);
      assert.deepEqual(sizesSince(before), sizes);
    }
  });

  it('are asked for again when they came meanwhile', async () => {
    without(2);
    await access.get(properties(3));
    without();
    await access.get(properties(3));
    without(2);
    const before = device.sent.length;
    await access.get(properties(3));
    assert.deepEqual(sizesSince(before), [3, 1]);
  });

  it('are not asked for when the answer says nothing of any', async () => {
    without(1, 2, 3);
    assert.deepEqual(Object.keys((await access.get(properties(3))).errors), ['p1', 'p2', 'p3']);
    assert.deepEqual(device.sizes, [3]);
  });

  it('cost no value when the device refuses them by themselves, and no request the next time', async () => {
    device.methods.set('get_properties', (params) => {
      assert.ok(Array.isArray(params));
      const known = params.filter(({ piid }) => piid > 2);
      if (known.length === 0) throw device.refusal('get_properties', -9999, 'user ack timeout');
      return known.map((item) => ({ ...item, code: 0, value: 1 }));
    });
    for (const [sizes, code] of [
      [[15, 2, 1, 1], -9999],
      [[15], 'CODEC'],
    ] as const) {
      const before = device.sent.length;
      const { values, errors } = await access.get(properties(15));
      assert.deepEqual([Object.keys(values).length, errors.p2?.code], [13, code]);
      assert.deepEqual(sizesSince(before), sizes);
    }
  });

  it('are set once more, but not where nothing is to be sent twice', async () => {
    device.mostAnswered = 2;
    const changes = properties(3).map((property) => ({ property, value: 9 }));
    assert.deepEqual(Object.keys((await access.set(changes, { retries: 0 })).errors), ['p3']);
    assert.deepEqual(device.sizes, [3]);
    assert.deepEqual((await access.set(changes)).errors, {});
    assert.deepEqual(sizesSince(1), [3, 1]);
  });

  it('make at most twice as many requests as there are properties, and all come in the end', async () => {
    const number = fc.integer({ min: 1, max: 16 });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 2, max: 20 }), number, number, async (count, most, mostAnswered) => {
        const one = Object.assign(new FakeDevice().withMiot(20), { most, mostAnswered });
        const repeated = new PropertyAccess(one);
        for (let time = 0; time < 3; time++) {
          const before = one.sent.length;
          const { values } = await repeated.get(properties(count));
          assert.equal(Object.keys(values).length, count);
          assert.ok(one.sent.length - before <= 2 * count - 1);
        }
      }),
    );
  });

  describe('and met with silence by themselves', () => {
    let clock: SinonFakeTimers;

    beforeEach(() => {
      clock = useFakeTimers();
    });

    afterEach(() => clock.restore());

    it('cost no value, and no request the next time', async () => {
      without(2);
      const inner = device.call.bind(device);
      device.call = async (method, params, options) => {
        device.away = JSON.stringify(params) === '[{"did":"prop.2.2","siid":2,"piid":2}]';
        return inner(method, params, options);
      };
      const reading = access.get(properties(3));
      await clock.tickAsync(20_000);
      const { values, errors } = await reading;
      assert.deepEqual([Object.keys(values), errors.p2?.code], [['p1', 'p3'], 'TIMEOUT']);
      for (let time = 0; time < 2; time++) await access.get(properties(3));
      assert.deepEqual(device.sizes, [3, 1, 3, 3]);
      assert.equal(device.sent.at(-1)?.options.trial, false, 'what is left out is as certain as the others');
    });
  });
});
