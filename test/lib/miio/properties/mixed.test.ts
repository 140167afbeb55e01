/** MIoT and classic properties in one table, of a device that knows only one of the methods. */
import assert from 'node:assert/strict';
import { PropertyAccess } from '../../../../lib/miio/properties';
import { because } from '../conversation';
import { FakeDevice, properties } from './fake-device';

describe('MIoT and classic properties together', () => {
  let device: FakeDevice;
  let access: PropertyAccess;
  const classic = ['power', 'bright'].map((name) => ({ name }));
  const unknown = (method: string) =>
    device.methods.set(method, () => {
      throw device.refusal(method, -32_601, 'Method not found.');
    });

  beforeEach(() => {
    device = new FakeDevice().withMiot(20);
    device.values.set('power', 'on').set('bright', 80);
    access = new PropertyAccess(device);
  });

  it('of a MIoT device: the classic ones have an error, the others their values', async () => {
    unknown('get_prop');
    const { values, errors } = await access.get([...properties(2), ...classic]);
    assert.deepEqual(values, { p1: 1, p2: 2 });
    assert.deepEqual([errors.power?.code, errors.bright?.code], [-32_601, -32_601]);
    assert.match(errors.power?.message ?? '', /-32601/);
  });

  it('of a classic device: the MIoT ones have an error after one request, the others their values', async () => {
    unknown('get_properties');
    const { values, errors } = await access.get([...properties(20), ...classic]);
    assert.deepEqual(values, { power: 'on', bright: 80 });
    assert.equal(Object.keys(errors).length, 20);
    assert.equal(errors.p20?.code, -32_601);
    assert.deepEqual(
      device.sent.map(({ method }) => method),
      ['get_properties', 'get_prop'],
    );
  });

  it('are set where the device can', async () => {
    unknown('set_properties').set('set_power', () => ['ok']);
    const [miot] = properties(1);
    assert.ok(miot);
    const { values, errors } = await access.set([
      { property: miot, value: 1 },
      { property: { name: 'power' }, value: 'on' },
    ]);
    assert.deepEqual([values, errors.p1?.code], [{ power: 'on' }, -32_601]);
  });

  it('keep what the device has answered before it forgets the method', async () => {
    await access.get(properties(15));
    const answered = device.sent.length;
    device.methods.set('get_properties', (params) => {
      if (device.sent.length > answered + 1) throw device.refusal('get_properties', -32_601, 'Not found.');
      assert.ok(Array.isArray(params));
      return params.map((item) => ({ ...item, code: 0, value: 1 }));
    });
    const { values, errors } = await access.get(properties(20));
    assert.deepEqual([Object.keys(values).length, Object.keys(errors).length], [15, 5]);
  });

  it('fail with its answer when the device knows neither method', async () => {
    unknown('get_prop');
    unknown('get_properties');
    await assert.rejects(
      access.get([...properties(2), ...classic]),
      because('deviceRefused', /get_properties.*-32601/),
    );
    assert.equal(device.sent.length, 2);
  });
});
