/** An independent broker, Debian's mosquitto, takes our sign-in and carries our words. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { AliyunDevice, type AliyunSettings, type PropertySet } from '../../lib/aliyun';
import { Backoff } from '../../lib/backoff';
import { acknowledged, problemOf, statesOf, untilState } from '../lib/aliyun/bench';
import { button, failures, flow, node, say } from '../support/logged-flow';
import { Mosquitto } from '../support/mosquitto';
import { NodeRed } from '../support/node-red';
import { Platform } from '../support/platform';

const LAMP = {
  productKey: 'a1Mosquitto',
  deviceName: 'lamp-1',
  deviceSecret: '0ddba11c0ffee00decafbad5eedf00d5',
};
const SYS = `/sys/${LAMP.productKey}/${LAMP.deviceName}`;
const PLATFORM = { username: 'platform', password: 'the password of the platform' };

/** As the manual says, and with nothing of ours: the names in order, each with its value. */
function passwordOf({ productKey, deviceName, deviceSecret }: typeof LAMP): string {
  const text = `clientId${productKey}.${deviceName}deviceName${deviceName}productKey${productKey}`;
  return createHmac('sha256', deviceSecret).update(text).digest('hex');
}

describe('mosquitto', function () {
  this.timeout(60_000);
  let broker: Mosquitto;
  let platform: Platform;
  const devices: AliyunDevice[] = [];

  before(async () => {
    const device = { [`${LAMP.deviceName}&${LAMP.productKey}`]: passwordOf(LAMP) };
    broker = await Mosquitto.start({ ...device, [PLATFORM.username]: PLATFORM.password });
    platform = await Platform.start(broker, PLATFORM, SYS);
  });
  afterEach(() => Promise.all(devices.splice(0).map((device) => device.close())));
  after(async () => {
    await platform?.close();
    await broker?.close();
  });

  function lamp(settings: Partial<AliyunSettings> = {}): AliyunDevice {
    const device = new AliyunDevice(
      { ...LAMP, endpoint: `localhost:${broker.port}`, ca: broker.ca, ...settings },
      { backoffs: { quick: new Backoff(50, 200), slow: new Backoff(50, 200) } },
    );
    devices.push(device);
    return device;
  }

  async function connected(settings?: Partial<AliyunSettings>): Promise<AliyunDevice> {
    const device = lamp(settings);
    device.open();
    await untilState(device, 'connected');
    return device;
  }

  for (const mqttVersion of [4, 5] as const) {
    describe(`with MQTT ${mqttVersion === 4 ? '3.1.1' : '5'}`, () => {
      it('takes the computed user name and password, carries a post and its reply', async () => {
        const device = await connected({ mqttVersion });
        const requested = once(platform, 'request');
        assert.equal((await acknowledged(device.postProperties({ power: 1 }))).code, 200);
        const [{ method, params }] = await requested;
        assert.deepEqual([method, params], ['thing.event.property.post', { power: 1 }]);
        const user = `${LAMP.deviceName}&${LAMP.productKey}`;
        // mosquitto's name of MQTT 3.1.1 is p2.
        await broker.logged(new RegExp(`\\(p${mqttVersion === 4 ? 2 : 5}, .*u'${user}'`));
      });

      it('carries an event', async () => {
        const device = await connected({ mqttVersion });
        const requested = once(platform, 'request');
        await device.postEvent('alarm', { level: 3 });
        assert.equal((await requested)[0].method, 'thing.event.alarm.post');
      });

      it('carries a set, and the answer once, though the device hears its own words', async () => {
        const device = await connected({ mqttVersion });
        const given: unknown[] = [];
        device.onPropertySet('auto', ({ params }) => given.push(params));
        const answers: unknown[] = [];
        const collect = ({ id, code }: { id: string; code: number }) => answers.push([id, code]);
        platform.on('answer', collect);
        const first = await platform.set({ power: 1 });
        while (answers.length === 0) await once(platform, 'answer');
        const second = await platform.set({ power: 0 });
        while (!answers.some((one) => Array.isArray(one) && one[0] === second))
          await once(platform, 'answer');
        platform.off('answer', collect);
        assert.deepEqual(given, [{ power: 1 }, { power: 0 }]);
        assert.deepEqual(answers, [
          [first, 200],
          [second, 200],
        ]);
      });

      it('refuses a wrong secret, which is AUTH', async () => {
        const device = lamp({ mqttVersion, deviceSecret: 'wrong-secret' });
        device.open();
        const problem = await untilState(device, 'refused');
        assert.deepEqual([problem?.code, problem?.reason], ['AUTH', 'signInRefused']);
        assert.equal((await problemOf(device.postProperties({ power: 1 }))).code, 'AUTH');
      });

      it('restarts, and the device is back by itself', async () => {
        const device = await connected({ mqttVersion });
        const states = statesOf(device);
        const lost = untilState(device, 'disconnected');
        await broker.down();
        assert.equal((await lost)?.reason, 'connectionLost');
        await broker.up();
        await untilState(device, 'connected');
        assert.deepEqual(states.slice(-2), ['connecting', 'connected']);
        const set = new Promise<PropertySet>((resolve) => device.onPropertySet('auto', resolve));
        await platform.set({ power: 1 });
        assert.deepEqual((await set).params, { power: 1 });
        assert.equal((await acknowledged(device.postProperties({ power: 1 }))).code, 200);
      });

      it('keeps for a session that is not clean what it is sent while it is away, over a restart', async () => {
        const away = await connected({ mqttVersion, cleanSession: false });
        await away.close();
        const id = await platform.set({ power: 7 });
        await broker.down();
        await broker.up();
        const device = lamp({ mqttVersion, cleanSession: false });
        const set = new Promise<PropertySet>((resolve) => device.onPropertySet('auto', resolve));
        const answered = once(platform, 'answer');
        device.open();
        assert.deepEqual((await set).params, { power: 7 });
        const [answer] = await answered;
        assert.deepEqual([answer.id, answer.code], [id, 200]);
      });
    });
  }

  it('does not get a word from a device that does not trust its certificate', async () => {
    const device = lamp({ ca: undefined });
    device.open();
    assert.equal((await untilState(device, 'disconnected'))?.reason, 'tlsFailed');
  });

  it('carries posts and sets of a real Node-RED, over a restart', async () => {
    const nodeRed = await NodeRed.start();
    const { deviceSecret, ...triple } = LAMP;
    const endpoint = `127.0.0.1:${broker.port}`;
    const lampNode = {
      id: 'lamp',
      type: 'aliyun-device',
      ...triple,
      ...{ endpoint, ca: broker.ca, timeoutMs: 15_000 },
      credentials: { deviceSecret },
    };
    const property = { device: 'lamp', wires: [['text-posted'], ['text-set']] };
    try {
      await nodeRed.deploy(
        flow(
          lampNode,
          button('post', '{"power": 1}', 'property'),
          node('property', 'aliyun-property', property),
          ...say('posted', '$string(aliyun)'),
          ...say('set', '$string(payload)'),
          ...failures(),
        ),
      );
      for (const power of [1, 2]) {
        const from = nodeRed.log.length;
        await nodeRed.inject('post');
        await nodeRed.waitForLog(/posted.*"code":200/, 20_000, from);
        const answered = once(platform, 'answer');
        const id = await platform.set({ power });
        await nodeRed.waitForLog(new RegExp(`set.*"power":${power}`), 20_000, from);
        assert.deepEqual(await answered.then(([answer]) => [answer.id, answer.code]), [id, 200]);
        await broker.down();
        await broker.up();
      }
    } finally {
      await nodeRed.close();
    }
  });
});
