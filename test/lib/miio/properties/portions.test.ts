/** Many properties at once: what the device bears is found out, kept to, and remembered. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { PropertyAccess } from '../../../../lib/miio/properties';
import { because } from '../conversation';
import { FakeDevice, properties } from './fake-device';

const names = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => `p${from + index}`);

describe('reading many properties', () => {
  let device: FakeDevice;
  let access: PropertyAccess;
  /** The sizes of the requests of one get. */
  const sizesOf = async (count: number): Promise<number[]> => {
    const before = device.sent.length;
    const { values, errors } = await access.get(properties(count));
    assert.equal(Object.keys(values).length + Object.keys(errors).length, count);
    return device.sizes.slice(before);
  };

  beforeEach(() => {
    device = new FakeDevice().withMiot(40);
    access = new PropertyAccess(device);
  });

  it('asks for 15 at once', async () => {
    assert.deepEqual(await sizesOf(15), [15]);
    assert.deepEqual(await sizesOf(40), [15, 15, 10]);
  });

  it('asks for less than fits into 800 bytes', async () => {
    const changes = properties(15).map((property) => ({ property, value: 'x'.repeat(100) }));
    await access.set(changes);
    const bytes = device.sent.map(({ method, params }) =>
      Buffer.byteLength(JSON.stringify({ id: 2_147_483_647, method, params })),
    );
    assert.ok(
      bytes.every((one) => one <= 800),
      String(bytes),
    );
    assert.ok(device.sent.length <= 4, String(device.sizes));
  });

  it('sends one that is too long for any request nevertheless, alone', async () => {
    const [first, second] = properties(2);
    assert.ok(first && second);
    await access.set([
      { property: first, value: 'x'.repeat(2_000) },
      { property: second, value: 1 },
    ]);
    assert.deepEqual(device.sizes, [1, 1]);
  });

  it('halves what is refused, and knows it the next time', async () => {
    device.most = 4;
    assert.deepEqual(await sizesOf(15), [15, 8, 4, 4, 4, 3]);
    assert.deepEqual(await sizesOf(15), [4, 4, 4, 3]);
  });

  it('goes down to one at a time', async () => {
    device.most = 1;
    assert.deepEqual(await sizesOf(6), [6, 3, 2, 1, 1, 1, 1, 1, 1]);
    assert.deepEqual(await sizesOf(6), [1, 1, 1, 1, 1, 1]);
  });

  it('learns for reading and for writing by itself', async () => {
    device.most = 4;
    await access.get(properties(8));
    device.most = Number.POSITIVE_INFINITY;
    await access.set(properties(8).map((property) => ({ property, value: 1 })));
    assert.deepEqual(device.sizes.at(-1), 8);
  });

  it('finds the one that spoils all, and asks it alone and last from then on', async () => {
    device.poison.add('2.5');
    const { values, errors } = await access.get(properties(15));
    assert.deepEqual(Object.keys(values), [...names(1, 4), ...names(6, 15)]);
    assert.deepEqual(Object.keys(errors), ['p5']);
    assert.equal(errors.p5?.code, -9999);
    assert.match(errors.p5?.message ?? '', /-9999 user ack timeout/);
    assert.deepEqual(await sizesOf(15), [14, 1]);
    assert.deepEqual(device.sent.at(-1)?.params, [{ did: 'prop.2.5', siid: 2, piid: 5 }]);
  });

  it('finds also two that spoil all', async () => {
    device.poison.add('2.1').add('2.15');
    await sizesOf(15);
    assert.deepEqual(await sizesOf(15), [13, 1, 1]);
  });

  it('finds one of which the answer is no JSON', async () => {
    device.methods.set('get_properties', (params) => {
      assert.ok(Array.isArray(params));
      if (params.some(({ piid }) => piid === 3))
        throw device.refusal('get_properties', -30_001, 'resp invalid.');
      return params.map(({ siid, piid }) => ({ siid, piid, code: 0, value: piid }));
    });
    const { values, errors } = await access.get(properties(6));
    assert.deepEqual([Object.keys(values).length, Object.keys(errors)], [5, ['p3']]);
  });

  it('fails with the first refusal when the device refuses each alone, and gives up early', async () => {
    for (const { piid } of properties(30)) device.poison.add(`2.${piid}`);
    await assert.rejects(access.get(properties(30)), because('deviceRefused', /-9999/));
    assert.ok(device.sent.length <= 12, String(device.sizes));
    device.poison.clear();
    assert.deepEqual(await sizesOf(30), [15, 15], 'their number was not the reason');
  });

  it('fails with the refusal of the only one', async () => {
    device.poison.add('2.1');
    await assert.rejects(access.get(properties(1)), (error: unknown) => {
      assert.ok(error instanceof Error && 'peer' in error);
      assert.deepEqual(error.peer, { code: -9999, message: 'user ack timeout' });
      return true;
    });
    assert.deepEqual(device.sizes, [1]);
  });

  it('asks a device that does not know the method only once', async () => {
    device.methods.set('get_properties', () => {
      throw device.refusal('get_properties', -32_601, 'Method not found.');
    });
    await assert.rejects(access.get(properties(30)), because('deviceRefused', /-32601/));
    assert.deepEqual(device.sizes, [15]);
  });

  it('makes at most twice as many requests as there are properties, and forgets none', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: 40 }),
        fc.integer({ min: 1, max: 16 }),
        fc.uniqueArray(fc.integer({ min: 1, max: 40 }), { maxLength: 4 }),
        async (count, most, spoilers) => {
          const one = new FakeDevice().withMiot(40);
          one.most = most;
          for (const piid of spoilers) one.poison.add(`2.${piid}`);
          const bad = names(1, count).filter((name) => spoilers.includes(Number(name.slice(1))));
          if (bad.length === count) return;
          const repeated = new PropertyAccess(one);
          for (let time = 0; time < 3; time++) {
            const before = one.sent.length;
            const { values, errors } = await repeated.get(properties(count));
            assert.deepEqual(Object.keys(errors).sort(), bad.sort());
            assert.equal(Object.keys(values).length, count - bad.length);
            assert.ok(one.sent.length - before <= 2 * count - 1);
          }
        },
      ),
    );
  });
});
