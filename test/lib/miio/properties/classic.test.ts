/** Reading classic properties: by position, by name, by a method of their own. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type Property, PropertyAccess } from '../../../../lib/miio/properties';
import { because } from '../conversation';
import { FakeDevice } from './fake-device';

describe('reading classic properties', () => {
  let device: FakeDevice;
  let access: PropertyAccess;
  const named = (...names: string[]): Property[] => names.map((name) => ({ name }));

  beforeEach(() => {
    device = new FakeDevice();
    device.values.set('power', 'on').set('bright', 80).set('ct', 4000);
    access = new PropertyAccess(device);
  });

  it('asks for several at once', async () => {
    assert.deepEqual(await access.get(named('power', 'bright')), {
      values: { power: 'on', bright: 80 },
      errors: {},
    });
    assert.deepEqual(
      device.sent.map(({ method, params }) => [method, params]),
      [['get_prop', ['power', 'bright']]],
    );
  });

  it('keeps null and "" as they are, and takes the text "null" for null', async () => {
    device.values.set('a', '').set('b', 'null');
    assert.deepEqual((await access.get(named('unknown', 'a', 'b'))).values, {
      unknown: null,
      a: '',
      b: null,
    });
  });

  it('trusts no position when the device left one out', async () => {
    device.methods.set('get_prop', (params) => {
      assert.ok(Array.isArray(params));
      return params.filter((name) => device.values.has(name)).map((name) => device.values.get(name));
    });
    const { values, errors } = await access.get(named('power', 'nonsense', 'bright', 'ct'));
    assert.deepEqual(values, { power: 'on', bright: 80, ct: 4000 });
    assert.deepEqual(Object.keys(errors), ['nonsense']);
    assert.equal(errors.nonsense?.code, 'CODEC');
  });

  it('asks one by one of a device that answers only the first', async () => {
    device.methods.set('get_prop', (params) => {
      assert.ok(Array.isArray(params));
      return [device.values.get(params[0])];
    });
    assert.deepEqual((await access.get(named('power', 'bright', 'ct'))).values, {
      power: 'on',
      bright: 80,
      ct: 4000,
    });
    device.sent.length = 0;
    await access.get(named('power', 'bright', 'ct'));
    assert.deepEqual(device.sizes, [1, 1, 1]);
  });

  it('finds the name for which the device refuses all', async () => {
    device.methods.set('get_prop', (params) => {
      assert.ok(Array.isArray(params));
      if (params.includes('nonsense')) throw device.refusal('get_prop', -10_000, 'user undefined error.');
      return params.map((name) => device.values.get(name));
    });
    const { values, errors } = await access.get(named('power', 'nonsense', 'bright'));
    assert.deepEqual(values, { power: 'on', bright: 80 });
    assert.equal(errors.nonsense?.code, -10_000);
  });

  it('takes an object for values by name', async () => {
    device.methods.set('get_prop', () => ({ power: 'off', other: 1 }));
    const { values, errors } = await access.get(named('power', 'toString'));
    assert.deepEqual(values, { power: 'off' });
    assert.deepEqual(Object.keys(errors), ['toString']);
  });

  describe('by a method of their own', () => {
    const status = (...names: string[]): Property[] => names.map((name) => ({ name, method: 'get_status' }));

    for (const wrapped of [true, false]) {
      it(`takes values by name out of ${wrapped ? 'a list with one object' : 'an object'}`, async () => {
        const answer = { battery: 90, state: 8, msg_ver: 2 };
        device.methods.set('get_status', () => (wrapped ? [answer] : answer));
        const { values, errors } = await access.get([
          ...status('battery', 'state', 'nonsense'),
          ...named('ct'),
        ]);
        assert.deepEqual(values, { battery: 90, state: 8, ct: 4000 });
        assert.deepEqual(Object.keys(errors), ['nonsense']);
        assert.deepEqual(
          device.sent.map(({ method, params }) => [method, params]),
          [
            ['get_prop', ['ct']],
            ['get_status', []],
          ],
        );
      });
    }

    it('takes a bare value, alone or in a list', async () => {
      for (const answer of [60, [60]]) {
        device.methods.set('get_volume', () => answer);
        const { values } = await access.get([{ name: 'volume', method: 'get_volume' }]);
        assert.deepEqual(values, { volume: 60 });
      }
    });

    it('makes a refusal the error of the names that it is for', async () => {
      device.methods.set('get_status', () => {
        throw device.refusal('get_status', -32_601, 'Method not found.');
      });
      const { values, errors } = await access.get([...named('power'), ...status('battery', 'state')]);
      assert.deepEqual(values, { power: 'on' });
      assert.deepEqual([errors.battery?.code, errors.state?.code], [-32_601, -32_601]);
      await assert.rejects(access.get(status('battery')), because('deviceRefused', /-32601/));
    });

    it('does not read with a method that sets: one table serves both', async () => {
      await access.get([{ name: 'power', method: 'set_power' }]);
      assert.deepEqual(device.sent[0]?.method, 'get_prop');
    });
  });

  it('has a value or an error for every name, whatever is answered', async () => {
    const wanted: Property[] = [
      ...named('power', 'bright'),
      { name: 'battery', method: 'get_status' },
      { name: 'state', method: 'get_status' },
    ];
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), fc.jsonValue(), async (props, status) => {
        device.methods.set('get_prop', () => props).set('get_status', () => status);
        const answer = await new PropertyAccess(device).get(wanted).catch(because('answerUnexpected'));
        if (typeof answer === 'boolean') return assert.ok(answer);
        const names = [...Object.keys(answer.values), ...Object.keys(answer.errors)];
        assert.deepEqual(names.sort(), ['battery', 'bright', 'power', 'state']);
      }),
    );
  });
});
