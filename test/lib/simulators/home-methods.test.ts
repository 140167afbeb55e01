/** What a simulated device can do: miIO.info, classic properties, MIoT properties and actions, errors. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { hiddenPlug, lamp, purifier, SimulatedDevice } from '../../simulators/home';
import { Probe } from './home-probe';

describe('the methods of a simulated device', () => {
  let device: SimulatedDevice;
  let probe: Probe;

  const start = async (options = lamp()): Promise<void> => {
    device = new SimulatedDevice({ ...options, port: 0 });
    await device.start();
    probe = await Probe.open();
  };

  afterEach(async () => {
    await probe.close();
    await device.stop();
  });

  it('answers an error to an unknown method, to missing params and to what a method throws', async () => {
    const methods = {
      refuse: () => {
        throw { code: -5001, message: 'command error' };
      },
      crash: () => {
        throw new Error('a bug');
      },
    };
    await start(lamp({ methods }));
    const notFound = { code: -32601, message: 'Method not found.' };
    assert.deepEqual(await probe.ask(device, 'fly', []), notFound);
    assert.deepEqual(await probe.ask(device, 'constructor', []), notFound);
    assert.deepEqual(await probe.ask(device, 'get_properties', []), notFound);
    assert.deepEqual(await probe.ask(device, 'refuse', []), { code: -5001, message: 'command error' });
    assert.deepEqual(await probe.ask(device, 'crash', []), { code: -30000, message: 'sys undefined error.' });
    const invalid = { code: -32602, message: 'Invalid param.' };
    assert.deepEqual(await probe.ask(device, 'toggle', undefined), invalid);
    assert.deepEqual(await probe.ask(device, 'get_prop', 'power'), invalid);
    assert.deepEqual(await probe.ask(device, 'set_power', []), invalid);
    assert.deepEqual(device.executed, []);
  });

  it('runs the methods its options add, with the result as it is', async () => {
    await start(lamp({ methods: { sum: (params) => ({ of: params }), get_prop: () => 0 } }));
    assert.deepEqual(await probe.ask(device, 'sum', { a: 1 }), { of: { a: 1 } });
    assert.equal(await probe.ask(device, 'get_prop', ['power']), 0);
  });

  it('tells who it is, its token included', async () => {
    await start(lamp({ firmware: '2.0.6_0041' }));
    assert.deepEqual(await probe.ask(device, 'miIO.info', []), {
      life: 1000,
      model: 'yeelink.light.lamp1',
      token: device.token,
      mac: '28:6C:07:F5:E1:01',
      fw_ver: '2.0.6_0041',
      hw_ver: 'MW300',
      ap: { ssid: 'home', bssid: '28:6C:07:00:00:01', rssi: -45 },
      netif: { localIp: '127.0.0.1', mask: '255.0.0.0', gw: '127.0.0.1' },
    });
  });

  it('reads and writes classic properties', async () => {
    await start(hiddenPlug());
    assert.deepEqual(await probe.ask(device, 'get_prop', ['temperature', 'colour', 'power']), [
      31,
      null,
      'on',
    ]);
    assert.deepEqual(await probe.ask(device, 'toggle', []), ['ok']);
    assert.equal(device.get('power'), 'off');
    assert.deepEqual(await probe.ask(device, 'toggle', []), ['ok']);
    assert.equal(device.get('power'), 'on');
    assert.deepEqual(await probe.ask(device, 'set_power', ['off', 'smooth', 500]), ['ok']);
    assert.equal(device.get('power'), 'off');
    assert.deepEqual(await probe.ask(device, 'set_power', ['loud']), { code: -5001, message: 'invalid_arg' });
    assert.deepEqual(await probe.ask(device, 'set_temperature', [1]), {
      code: -32601,
      message: 'Method not found.',
    });
    device.set('temperature', 32);
    assert.deepEqual(await probe.ask(device, 'get_prop', ['temperature']), [32]);
  });

  it('keeps a lamp within its limits', async () => {
    await start();
    for (const [method, good, bad] of [
      ['set_bright', [1, 100], [0, 101, 1.5, '50']],
      ['set_ct', [1700, 6500], [1699, 6501]],
    ] as const) {
      for (const value of good) assert.deepEqual(await probe.ask(device, method, [value]), ['ok']);
      for (const value of bad) assert.notDeepEqual(await probe.ask(device, method, [value]), ['ok']);
    }
  });

  it('reads and writes MIoT properties, with a code for each', async () => {
    await start(purifier({ miot: { '8.1': 'anything' } }));
    const get = [
      { did: 'any label', siid: 2, piid: 1 },
      { did: device.did, siid: 9, piid: 9 },
    ];
    assert.deepEqual(await probe.ask(device, 'get_properties', get), [
      { did: 'any label', siid: 2, piid: 1, code: 0, value: true },
      { did: device.did, siid: 9, piid: 9, code: -4003 },
    ]);
    const set = [
      { did: 'p', siid: 2, piid: 1, value: false },
      { did: 'd', siid: 3, piid: 4, value: 0 },
      { did: 'm', siid: 2, piid: 5, value: 7 },
      { did: 'n', siid: 8, piid: 1 },
      { did: 'x', siid: 9, piid: 9, value: 1 },
    ];
    assert.deepEqual(await probe.ask(device, 'set_properties', set), [
      { did: 'p', siid: 2, piid: 1, code: 0 },
      { did: 'd', siid: 3, piid: 4, code: -4002 },
      { did: 'm', siid: 2, piid: 5, code: -4005 },
      { did: 'n', siid: 8, piid: 1, code: -4005 },
      { did: 'x', siid: 9, piid: 9, code: -4003 },
    ]);
    assert.deepEqual(
      ['2.1', '2.5', '3.4', '8.1', '9.9'].map((name) => device.get(name)),
      [false, 0, 12, 'anything', undefined],
    );
    const invalid = { code: -32602, message: 'Invalid param.' };
    assert.deepEqual(await probe.ask(device, 'get_properties', [{ siid: '2', piid: 1 }]), invalid);
    assert.deepEqual(await probe.ask(device, 'set_properties', ['2.1']), invalid);
  });

  it('answers any params of any method, of its parts too, with a result or a refusal of its own', async () => {
    const parts = {
      subscription: { type: 1 },
      ota: {},
      gateway: {},
      provisioning: { answer: 'list' },
    } as const;
    await start(purifier({ ...parts, properties: { power: 'on' }, maxProperties: 2, poison: '2.1' }));
    const methods = [
      ...['get_prop', 'set_power', 'get_properties', 'set_properties', 'action', 'send_data_frame'],
      ...['sub', 'unsub', 'ota', 'get_ota_state', 'get_ota_progress', 'xdel', 'config_router', 'info'].map(
        (name) => `miIO.${name}`,
      ),
    ];
    const anything = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom([{ toString: 1 }], [{ siid: { toString: 1 } }, 1]),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...methods), anything, async (method, params) => {
        const answer = await probe.ask(device, method, params);
        assert.notDeepEqual(answer, { code: -30000, message: 'sys undefined error.' });
      }),
      { numRuns: 300 },
    );
  });

  it('runs MIoT actions', async () => {
    const actions = { '4.1': (input: unknown[]) => [...input, { piid: 2, value: 'done' }] };
    await start(purifier({ actions }));
    const input = [{ piid: 1, value: 3 }];
    assert.deepEqual(await probe.ask(device, 'action', { did: 'a', siid: 4, aiid: 1, in: input }), {
      did: 'a',
      siid: 4,
      aiid: 1,
      code: 0,
      out: [...input, { piid: 2, value: 'done' }],
    });
    assert.deepEqual(await probe.ask(device, 'action', { did: 'a', siid: 4, aiid: 2, in: [] }), {
      did: 'a',
      siid: 4,
      aiid: 2,
      code: -4003,
    });
    const noInput = await probe.ask(device, 'action', { did: 'a', siid: 4, aiid: 1 });
    assert.deepEqual(noInput, { code: -32602, message: 'Invalid param.' });
  });
});
