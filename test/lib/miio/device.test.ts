/** The device as a program uses it: settings that are checked once, calls, and what an answer never tells. */
import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { MialinkError } from '../../../lib/errors';
import { checkSettings, type DeviceSettings, type MiioDevice, Network } from '../../../lib/miio';
import { deviceInfo } from '../../../lib/miio/device-info';
import type { SimulatedDevice } from '../../simulators/home';
import { because, pluggedIn } from './conversation';

const TOKEN = '6c616d7031a1b2c3d4e5f60718293a4b';

describe('the settings of a miIO device', () => {
  const check = (settings: Partial<DeviceSettings>) =>
    checkSettings({ address: '10.0.0.5', token: TOKEN, ...settings });

  it('have the defaults of the protocol', () => {
    assert.deepEqual(check({}), {
      label: '10.0.0.5',
      address: '10.0.0.5',
      port: 54_321,
      token: Buffer.from(TOKEN, 'hex'),
      deviceId: undefined,
      timeoutMs: 10_000,
      retries: 3,
      bindAddress: '',
    });
  });

  it('are taken without the blanks around them', () => {
    const settings = check({
      name: ' Lamp ',
      address: ' lamp.local ',
      deviceId: ' 42 ',
      bindAddress: ' 10.0.0.1 ',
    });
    const { label, address, deviceId, bindAddress } = settings;
    assert.deepEqual(
      [label, address, deviceId, bindAddress],
      ['Lamp (lamp.local)', 'lamp.local', '42', '10.0.0.1'],
    );
    assert.equal(check({ name: ' ', deviceId: ' ' }).label, '10.0.0.5');
    assert.equal(check({ deviceId: ' ' }).deviceId, undefined);
  });

  it('know an id by its number, not by its leading zeros', () => {
    assert.equal(check({ deviceId: '0042' }).deviceId, '42');
    assert.equal(check({ deviceId: '18446744073709551615' }).deviceId, '18446744073709551615');
  });

  const mistakes: [Partial<DeviceSettings>, Parameters<typeof because>][] = [
    [{ address: ' ' }, ['addressMissing', /^the device: the address is missing/]],
    [{ name: 'Lamp', address: ' ' }, ['addressMissing', /^Lamp: the address is missing/]],
    [{ name: 'Lamp', token: '' }, ['tokenMissing', /^Lamp \(10\.0\.0\.5\): the token is missing/]],
    [{ token: 'abc' }, ['tokenMalformed', /it has 3 characters/]],
    [{ port: 0 }, ['portInvalid', /not 0$/]],
    [{ port: 65_536 }, ['portInvalid', /not 65536$/]],
    [{ port: Number.NaN }, ['portInvalid', /not NaN$/]],
    [{ port: 1.5 }, ['portInvalid', /not 1\.5$/]],
    [{ deviceId: '0x1f' }, ['deviceIdInvalid', /not 0x1f$/]],
    [{ deviceId: '18446744073709551616' }, ['deviceIdInvalid', /below 2\^64/]],
    [{ timeoutMs: 0 }, ['settingInvalid', /timeoutMs must be a whole number from 1 to 2147483647, not 0$/]],
    [{ timeoutMs: Number.NaN }, ['settingInvalid', /timeoutMs/]],
    [{ timeoutMs: 2 ** 31 }, ['settingInvalid', /timeoutMs/]],
    [{ retries: -1 }, ['settingInvalid', /retries must be a whole number from 0 to/]],
    [{ retries: 0.5 }, ['settingInvalid', /retries/]],
  ];
  /** What only a program can do that no compiler has checked. */
  const slips: [unknown, Parameters<typeof because>][] = [
    [undefined, ['addressMissing', /^the device: /]],
    [null, ['addressMissing']],
    [{}, ['addressMissing']],
    [{ address: 5 }, ['settingInvalid', /^the device: address must be a text, not 5$/]],
    [{ address: '10.0.0.5' }, ['tokenMissing']],
    [{ address: '10.0.0.5', token: null }, ['tokenMissing']],
    [{ address: '10.0.0.5', token: 815 }, ['settingInvalid', /token must be a text of 32 .*, not number$/]],
    [{ address: '10.0.0.5', token: [TOKEN] }, ['settingInvalid', /token must be .*, not object$/]],
    [{ address: '10.0.0.5', token: TOKEN, name: {} }, ['settingInvalid', /name must be a text, not object$/]],
    [
      { address: '10.0.0.5', token: TOKEN, deviceId: 42 },
      ['settingInvalid', /deviceId must be a text, not 42$/],
    ],
    [{ address: '10.0.0.5', token: TOKEN, bindAddress: true }, ['settingInvalid', /bindAddress/]],
    [{ address: '10.0.0.5', token: TOKEN, port: '80' }, ['portInvalid', /not 80$/]],
    [
      { address: '10.0.0.5', token: TOKEN, timeoutMs: '9' },
      ['settingInvalid', /timeoutMs must be .*, not 9$/],
    ],
  ];
  for (const [settings, [reason, text]] of slips) {
    it(`are refused by name where no compiler has: ${inspect(settings)}`, () => {
      assert.throws(() => new Network().device(settings as DeviceSettings), because(reason, text));
    });
  }

  it('are taken or refused with an error of ours, whatever they are, and no error tells the token', () => {
    const anything = fc.record(
      {
        name: fc.anything(),
        address: fc.oneof(fc.constant('10.0.0.5'), fc.anything()),
        port: fc.anything(),
        token: fc.oneof(fc.constant(TOKEN), fc.constant([TOKEN]), fc.anything()),
        deviceId: fc.anything(),
        timeoutMs: fc.anything(),
        retries: fc.anything(),
        bindAddress: fc.anything(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(anything, fc.anything()), (settings) => {
        try {
          assert.equal(checkSettings(settings as DeviceSettings).token.length, 16);
        } catch (error) {
          assert.ok(error instanceof MialinkError, String(error));
          assert.ok(!`${error} ${JSON.stringify(error.values)}`.includes(TOKEN));
        }
      }),
    );
  });

  for (const [settings, [reason, text]] of mistakes) {
    it(`are refused by name: ${inspect(settings)}`, () => {
      assert.throws(() => check(settings), because(reason, text));
      assert.throws(() => check(settings), { code: 'CONFIG' });
    });
  }
});

describe('what a device says of itself', () => {
  it('is taken as it comes: rssi as a text, versions as numbers, an uptime of 0', () => {
    const result = { life: 0, fw_ver: 3, mcu_fw_ver: '0007', ap: { rssi: '-61' }, token: TOKEN };
    assert.deepEqual(deviceInfo(result), { firmware: '3', mcuFirmware: '0007', rssi: -61, uptimeS: 0 });
  });

  it('may be nothing, or nonsense', () => {
    for (const result of [null, '', [], { ap: 'x', netif: null, life: 'y', model: {} }]) {
      assert.deepEqual(deviceInfo(result), {});
    }
    fc.assert(fc.property(fc.anything(), (anything) => typeof deviceInfo(anything) === 'object'));
  });
});

describe('a miIO device', () => {
  let simulated: SimulatedDevice;
  let network: Network;
  let device: MiioDevice;

  beforeEach(async () => {
    simulated = await pluggedIn();
    network = new Network();
    const { address, port, token } = simulated;
    device = network.device({ name: 'Lamp', address, port, token, timeoutMs: 400 });
  });

  afterEach(async () => {
    await network.close();
    await simulated.stop();
  });

  it('tells who it is and how it is', async () => {
    const states: string[] = [];
    device.on('state', (state) => states.push(state));
    assert.equal(device.label, 'Lamp (127.0.0.1)');
    assert.equal(device.state, 'idle');
    assert.equal(device.deviceId, undefined);
    await device.call('get_prop', ['power']);
    assert.equal(device.deviceId, simulated.did);
    assert.equal(device.address, '127.0.0.1');
    assert.equal(device.state, 'connected');
    assert.deepEqual(states, ['connecting', 'connected']);
  });

  it('answers miIO.info, but keeps the token to itself', async () => {
    const { result } = await device.call('miIO.info');
    assert.ok(typeof result === 'object' && result !== null && 'model' in result);
    assert.equal(result.model, 'yeelink.light.lamp1');
    assert.ok(!JSON.stringify(result).includes(simulated.token));
    assert.ok(!('token' in result));
  });

  it('tells who it is in words of ours, as far as it says so', async () => {
    const info = await device.info();
    assert.equal(info.model, 'yeelink.light.lamp1');
    assert.equal(info.firmware, '1.0.0');
    assert.equal(info.hardware, 'MW300');
    assert.match(info.mac ?? '', /^28:6C:07/);
    assert.deepEqual([info.ssid, info.rssi, info.address], ['home', -45, '127.0.0.1']);
    assert.ok(!JSON.stringify(info).includes(simulated.token));
  });

  it('sends params as they are: an array, an object, or [] when there are none', async () => {
    await device.call('echo');
    await device.call('echo', { siid: 2 });
    await device.call('echo', ['1', 1, null]);
    assert.deepEqual(
      simulated.executed.map(({ params }) => params),
      [[], { siid: 2 }, ['1', 1, null]],
    );
  });

  it('refuses a call that makes no sense, and sends nothing', async () => {
    const unchecked: unknown[] = [' ', 5, undefined, null, {}];
    for (const method of unchecked) {
      const refused = device.call(method as string);
      await assert.rejects(refused, because('methodMissing', /^Lamp \(127\.0\.0\.1\): the method/));
    }
    await assert.rejects(
      device.call('echo', 'on'),
      because('paramsInvalid', /params of echo .+ not string$/),
    );
    await assert.rejects(device.call('echo', null), because('paramsInvalid', /not null$/));
    for (const options of [{ timeoutMs: -5 }, { retries: 1.5 }, { timeoutMs: Number.POSITIVE_INFINITY }]) {
      await assert.rejects(device.call('echo', [], options), because('settingInvalid'));
    }
    assert.deepEqual(simulated.received, []);
  });

  it('takes deadline and retries from the call, else from the settings', async () => {
    simulated.faults.silentCommands = true;
    await assert.rejects(device.call('echo'), (error: unknown) => {
      assert.ok(error instanceof MialinkError);
      assert.equal(error.values.timeoutMs, 400);
      return error.code === 'AUTH';
    });
    await assert.rejects(device.call('echo', [], { timeoutMs: 50 }), (error: unknown) => {
      return error instanceof MialinkError && error.values.timeoutMs === 50;
    });
  });

  it('does nothing any more when its network is closed, and says so', async () => {
    await network.close();
    const scene = { sourceDid: 'lumi.1', sourceModel: 'lumi.switch', event: 'click', extra: '[1]' };
    assert.throws(() => device.watch(), because('closed'));
    assert.throws(() => device.subscribe(), because('closed'));
    assert.throws(() => device.subscribeScenes([scene]), because('closed'));
    await assert.rejects(device.call('echo'), because('closed'));
    assert.equal(device.state, 'closed');
  });

  it('is silent and useless after close, and says so', async () => {
    await device.call('echo');
    const states: string[] = [];
    device.on('state', (state) => states.push(state));
    device.close();
    device.close();
    await assert.rejects(device.call('echo'), because('closed'));
    await network.close();
    assert.deepEqual(states, []);
    assert.equal(simulated.executed.length, 1);
  });
});
