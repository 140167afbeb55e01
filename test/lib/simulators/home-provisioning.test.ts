/** A simulated device that is given its Wi-Fi network, that is restarted by a command, and that is reset. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { light, type ProvisioningOptions, SimulatedDevice } from '../../simulators/home';
import { tokenBytes } from '../../simulators/home/wire';
import { nextDrop, Probe } from './home-probe';

const INVALID = { code: -32602, message: 'Invalid param.' };
const NETWORK = { ssid: 'home', passwd: '0x1234567', uid: 0 };
const FACTORY_TOKEN = light().token;
const NEW_TOKEN = '00112233445566778899aabbccddeeff';

describe('a simulated device that is set up', () => {
  let device: SimulatedDevice;
  let probe: Probe;

  const start = async (options: Partial<ReturnType<typeof light>> = {}): Promise<void> => {
    device = new SimulatedDevice(light({ port: 0, stamp: 0, ...options }));
    await device.start();
    probe = await Probe.open();
    // A restart sets the device's clock to this.
    probe.stamp = 0;
  };
  const startNew = (provisioning: ProvisioningOptions) => start({ provisioning });
  const wifi = async () => JSON.stringify(await probe.ask(device, 'miIO.wifi_assoc_state', []));

  afterEach(async () => {
    await probe.close();
    await device.stop();
  });

  for (const [answer, result] of [
    ['list', ['ok']],
    ['text', 'ok'],
    ['number', 0],
  ] as const) {
    it(`answers config_router with ${JSON.stringify(result)} under the old token, then has the new one`, async () => {
      await startNew({ answer, newToken: NEW_TOKEN });
      const provisioned = once(device, 'provisioned');
      probe.command(device, { id: 50, method: 'miIO.config_router', params: NETWORK });
      assert.deepEqual(await probe.answer(FACTORY_TOKEN), { id: 50, result });
      assert.deepEqual(await provisioned, [NETWORK]);
      assert.equal(device.token, NEW_TOKEN);
      const old = { token: tokenBytes(FACTORY_TOKEN) };
      probe.command(device, { id: 51, method: 'miIO.info', params: [] }, old);
      assert.equal(await nextDrop(device), 'checksum');
      assert.ok(await probe.ask(device, 'miIO.info', []));
    });
  }

  it('has the network although its answer is lost', async () => {
    await startNew({ answer: 'lost', newToken: NEW_TOKEN });
    const provisioned = once(device, 'provisioned');
    probe.command(device, { id: 50, method: 'miIO.config_router', params: NETWORK });
    await provisioned;
    // What comes next is not the answer to the command.
    assert.equal((await probe.hello(device)).length, 32);
    assert.equal(device.token, NEW_TOKEN);
    assert.equal(device.executed.length, 1);
  });

  it('keeps its token when no other is given, and tells the state of its Wi-Fi', async () => {
    await startNew({ answer: 'list' });
    assert.match(await wifi(), /"state":"CONNECTING".*"conn_success_count":0/);
    assert.deepEqual(await probe.ask(device, 'miIO.config_router', NETWORK), ['ok']);
    assert.match(await wifi(), /"state":"ONLINE".*"conn_success_count":1/);
    assert.equal(device.token, FACTORY_TOKEN);
  });

  it('takes all the fields that the app sends', async () => {
    await startNew({ answer: 'text' });
    const app = { bind_key: 'k', config_type: 'app', country_domain: 'cn', wifi_config: { cc: 'CN' } };
    const time = { gmt_offset: 28800, tz: 'Asia/Shanghai' };
    assert.equal(await probe.ask(device, 'miIO.config_router', { ...NETWORK, ...app, ...time }), 'ok');
  });

  for (const [what, params] of [
    ['a list', [NETWORK]],
    ['no ssid', { passwd: 'x', uid: 0 }],
    ['an empty ssid', { ...NETWORK, ssid: '' }],
    ['an ssid of 33 bytes', { ...NETWORK, ssid: 'é'.repeat(16).concat('x') }],
    ['an ssid as a number', { ...NETWORK, ssid: 1234 }],
    ['a password as a number', { ...NETWORK, passwd: 12345678 }],
    ['a password of 65 bytes', { ...NETWORK, passwd: 'x'.repeat(65) }],
    ['a uid as text', { ...NETWORK, uid: '0' }],
    ['no uid', { ssid: 'home', passwd: 'x' }],
    ['gmt_offset as text', { ...NETWORK, gmt_offset: '28800' }],
    ['wifi_config null', { ...NETWORK, wifi_config: null }],
    ['an unknown field', { ...NETWORK, password: 'x' }],
  ] as const) {
    it(`refuses config_router with ${what}`, async () => {
      await startNew({ answer: 'list', newToken: NEW_TOKEN });
      assert.deepEqual(await probe.ask(device, 'miIO.config_router', params), INVALID);
      assert.equal(device.token, FACTORY_TOKEN);
    });
  }

  it('has no config_router when it is set up already, and is on line', async () => {
    await start();
    const notFound = { code: -32601, message: 'Method not found.' };
    assert.deepEqual(await probe.ask(device, 'miIO.config_router', NETWORK), notFound);
    assert.match(await wifi(), /ONLINE/);
  });

  it('refuses a malformed new token before anything else', async () => {
    await start();
    const provisioning = { answer: 'list', newToken: '1234' } as const;
    assert.throws(() => new SimulatedDevice(light({ provisioning })), RangeError);
  });

  describe('restarts', () => {
    it('by command, once it has answered: away for a moment, its clock at 0, its values kept', async () => {
      await start({ stamp: 5000 });
      device.set('2.2', 5);
      probe.stamp = 5000;
      const restarted = once(device, 'started');
      assert.deepEqual(await probe.ask(device, 'miIO.reboot', []), ['ok']);
      await restarted;
      assert.equal((await probe.hello(device)).readUInt32BE(12), 0);
      assert.equal(device.get('2.2'), 5);
    });

    it('not when it is unplugged before', async () => {
      await start();
      assert.deepEqual(await probe.ask(device, 'miIO.reboot', []), ['ok']);
      let up = 0;
      device.on('started', () => {
        up += 1;
      });
      await device.stop();
      await new Promise((resolve) => setTimeout(resolve, 60));
      assert.equal(up, 0);
    });

    it('with the values and the token of the factory after miIO.restore', async () => {
      await startNew({ answer: 'list', newToken: NEW_TOKEN });
      probe.command(device, { id: 50, method: 'miIO.config_router', params: NETWORK });
      await probe.answer(FACTORY_TOKEN);
      device.set('2.2', 5);
      const restarted = once(device, 'started');
      probe.command(device, { id: 51, method: 'miIO.restore', params: [] });
      assert.deepEqual(await probe.answer(NEW_TOKEN), { id: 51, result: ['ok'] });
      await restarted;
      assert.deepEqual([device.token, device.get('2.2')], [FACTORY_TOKEN, 60]);
      assert.match(await wifi(), /CONNECTING/);
    });

    it('not by miIO.restore when it refuses that', async () => {
      await start({ restoreRefused: true });
      device.set('2.2', 5);
      const refused = { code: -30020, message: 'service not available.' };
      assert.deepEqual(await probe.ask(device, 'miIO.restore', []), refused);
      assert.equal(device.get('2.2'), 5);
    });
  });
});
