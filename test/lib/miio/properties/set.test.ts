/** Setting properties, MIoT and classic, and carrying out actions. */
import assert from 'node:assert/strict';
import { MialinkError } from '../../../../lib/errors';
import { PropertyAccess } from '../../../../lib/miio/properties';
import { because } from '../conversation';
import { FakeDevice, properties } from './fake-device';

let device: FakeDevice;
let access: PropertyAccess;
const sent = () => device.sent.map(({ method, params }) => [method, params]);

beforeEach(() => {
  device = new FakeDevice().withMiot(20);
  access = new PropertyAccess(device);
});

describe('setting MIoT properties', () => {
  const changes = (count: number) =>
    properties(count).map((property) => ({ property, value: property.piid }));

  it('sets many at once, and takes an accepted value for a success', async () => {
    assert.deepEqual(await access.set(changes(2)), { values: { p1: 1, p2: 2 }, errors: {} });
    assert.deepEqual(sent(), [
      [
        'set_properties',
        [
          { did: 'prop.2.1', siid: 2, piid: 1, value: 1 },
          { did: 'prop.2.2', siid: 2, piid: 2, value: 2 },
        ],
      ],
    ]);
  });

  it('makes codes errors of their names', async () => {
    device.methods.set('set_properties', () => [
      { siid: 2, piid: 2, code: -4005 },
      { siid: 2, piid: 1, code: 0 },
    ]);
    const { values, errors } = await access.set(changes(3));
    assert.deepEqual(values, { p1: 1 });
    assert.deepEqual([errors.p2?.code, errors.p3?.code], [-4005, 'CODEC']);
  });

  it('believes a device that says ok for all', async () => {
    for (const result of [0, ['ok']]) {
      device.methods.set('set_properties', () => result);
      assert.deepEqual(await access.set(changes(2)), { values: { p1: 1, p2: 2 }, errors: {} });
    }
    device.methods.set('set_properties', () => ['error']);
    await assert.rejects(access.set(changes(1)), because('answerUnexpected'));
  });

  it('sets the others when one is refused', async () => {
    device.poison.add('2.3');
    const { values, errors } = await access.set(changes(6));
    assert.deepEqual([Object.keys(values).length, Object.keys(errors)], [5, ['p3']]);
    assert.equal(device.values.get('2.6'), 6);
  });

  it('does not send again what must not be sent twice', async () => {
    device.poison.add('2.3');
    await assert.rejects(access.set(changes(6), { retries: 0 }), because('deviceRefused'));
    assert.deepEqual(device.sizes, [6]);
  });

  it('does not send again to a device of which nothing is to be sent twice, unless told to', async () => {
    device.poison.add('2.3');
    const careful = new PropertyAccess(device, 10_000, 0);
    await assert.rejects(careful.set(changes(6)), because('deviceRefused'));
    assert.deepEqual(device.sizes, [6]);
    assert.deepEqual(Object.keys((await careful.set(changes(6), { retries: 1 })).errors), ['p3']);
  });

  it('repeats nothing to such a device, whatever is set or read', async () => {
    const careful = new PropertyAccess(device, 10_000, 0);
    device.methods.set('set_power', () => ['ok']);
    await careful.set([...changes(2), { property: { name: 'power' }, value: 'on' }]);
    await careful.get(properties(2));
    assert.deepEqual(
      device.sent.map(({ options }) => options.retries),
      [0, 0, 0],
    );
  });

  it('refuses retries that make no sense', async () => {
    await assert.rejects(access.set(changes(2), { retries: -1 }), because('settingInvalid', /retries/));
    assert.deepEqual(device.sent, []);
  });
});

describe('setting classic properties', () => {
  const power = { name: 'power' };
  const answers = (method: string, result: unknown) => device.methods.set(method, () => result);

  for (const result of ['ok', 'OK', ['ok'], ['OK'], 0, [0], '0', ['0'], ['ok', 'ok'], []]) {
    it(`takes ${JSON.stringify(result)} for a success`, async () => {
      answers('set_power', result);
      assert.deepEqual(await access.set([{ property: power, value: 'on' }]), {
        values: { power: 'on' },
        errors: {},
      });
      assert.deepEqual(sent(), [['set_power', ['on']]]);
    });
  }

  const failures: [unknown, number | string][] = [
    [['error'], 'error'],
    [[300, 'error'], 300],
    [-1, -1],
    [1, 1],
    ['unknown_method', 'unknown_method'],
    [['null'], 'null'],
    [null, 'null'],
    [[['ok']], '["ok"]'],
    ['x'.repeat(1_000), 'x'.repeat(80)],
  ];
  for (const [result, code] of failures) {
    it(`takes ${JSON.stringify(result).slice(0, 40)} for a failure`, async () => {
      answers('set_power', result);
      const { values, errors } = await access.set([{ property: power, value: 'on' }]);
      assert.deepEqual([values, Object.keys(errors)], [{}, ['power']]);
      assert.equal(errors.power?.code, code);
      assert.match(errors.power?.message ?? '', /power was refused with/);
    });
  }

  it('takes a list for all params of the method', async () => {
    answers('set_bright', ['ok']);
    const { values } = await access.set([{ property: { name: 'bright' }, value: [50, 'smooth', 500] }]);
    assert.deepEqual(sent(), [['set_bright', [50, 'smooth', 500]]]);
    assert.deepEqual(values, { bright: [50, 'smooth', 500] });
  });

  it('uses the method of its own, unless that one gets: one table serves both', async () => {
    answers('set_custom_mode', ['ok']).set('set_fan', () => ['ok']);
    await access.set([
      { property: { name: 'fan', method: 'set_custom_mode' }, value: 60 },
      { property: { name: 'fan', method: 'get_status' }, value: 60 },
    ]);
    assert.deepEqual(
      sent().map(([method]) => method),
      ['set_custom_mode', 'set_fan'],
    );
  });

  it('goes on after a refusal, in the order given, MIoT first', async () => {
    answers('set_power', ['ok']);
    const [miot] = properties(1);
    assert.ok(miot);
    const { values, errors } = await access.set([
      { property: { name: 'nonsense' }, value: 1 },
      { property: power, value: 'on' },
      { property: miot, value: 5 },
    ]);
    assert.deepEqual(values, { p1: 5, power: 'on' });
    assert.deepEqual(Object.keys(errors), ['nonsense']);
    assert.equal(errors.nonsense?.code, -32_601);
    assert.deepEqual(
      sent().map(([method]) => method),
      ['set_properties', 'set_nonsense', 'set_power'],
    );
  });

  it('fails when the device is lost on the way', async () => {
    answers('set_power', ['ok']).set('set_bright', () => {
      throw new MialinkError('noAnswer', { device: 'Lamp', method: 'set_bright', timeoutMs: 5 });
    });
    const bright = { property: { name: 'bright' }, value: 1 };
    await assert.rejects(access.set([{ property: power, value: 'on' }, bright, bright]), because('noAnswer'));
    assert.equal(device.sent.length, 2);
  });
});

describe('an action', () => {
  const start = { siid: 2, aiid: 1, in: [{ piid: 10, value: '12' }] };
  const answers = (result: unknown) => device.methods.set('action', () => result);

  it('sends its inputs in the form of the LAN, and gives its outputs', async () => {
    answers({ siid: 2, aiid: 1, code: 0, out: [{ piid: '3', value: 5 }], exe_time: 100 });
    assert.deepEqual(await access.action(start, { retries: 0 }), { out: [{ piid: 3, value: 5 }] });
    assert.deepEqual(sent(), [
      ['action', { did: 'action.2.1', siid: 2, aiid: 1, in: [{ piid: 10, value: '12' }] }],
    ]);
    assert.deepEqual(device.sent[0]?.options, { retries: 0 });
  });

  it('has no inputs when none are given', async () => {
    answers({ code: 1 });
    assert.deepEqual(await access.action({ siid: 2, aiid: 1 }), { out: [] });
    assert.deepEqual(sent(), [['action', { did: 'action.2.1', siid: 2, aiid: 1, in: [] }]]);
  });

  it('takes bare outputs, and an answer of no more than ok', async () => {
    answers([{ code: 0, out: [7, { value: 8 }] }]);
    assert.deepEqual(await access.action(start), { out: [{ value: 7 }, { value: 8 }] });
    answers(['ok']);
    assert.deepEqual(await access.action(start), { out: [] });
  });

  it('fails with the code of the device', async () => {
    answers({ siid: 2, aiid: 1, code: -4006 });
    await assert.rejects(access.action(start), (error: unknown) => {
      assert.ok(error instanceof MialinkError);
      assert.equal(error.peer?.code, -4006);
      return because('deviceRefused', /^Lamp refused action: action\.2\.1 does not take/)(error);
    });
  });

  it('fails when the answer is none, and when the device has no actions', async () => {
    for (const result of [null, 'error', [1, 2], 5]) {
      answers(result);
      await assert.rejects(access.action(start), because('answerUnexpected', /Lamp answered action/));
    }
    device.methods.set('action', () => {
      throw device.refusal('action', -32_601, 'Method not found.');
    });
    await assert.rejects(access.action(start), because('deviceRefused', /-32601/));
  });
});
