/** What an aliyun-device keeps in Node-RED's user directory: posts while the cloud is away, and its registration. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cloud } from '../simulators/cloud';
import { collect, LAMP, lights, sinks, useCloud } from '../support/aliyun';
import { helper, load, nextError, nextMessage, node, statusText, useNodeRed } from '../support/flow';

const PROPERTY = { id: 'property', type: 'aliyun-property', device: 'lamp', wires: [['out']] };
const EVENT = { id: 'event', type: 'aliyun-event', device: 'lamp', event: 'low', wires: [['out']] };
const TSL = {
  properties: [
    {
      identifier: 'Brightness',
      name: 'Brightness',
      accessMode: 'rw',
      dataType: { type: 'int', specs: { min: '0', max: '100', step: '1' } },
    },
  ],
  events: [],
  services: [],
};

function post(Brightness: unknown) {
  const out = nextMessage('out');
  node('property').receive({ payload: { Brightness } });
  return out;
}

/** A user directory for each test; call inside `describe`, before the runtime's own hooks. */
function useUserDir(): { path: string } {
  const place = { path: '' };
  beforeEach(async () => {
    place.path = await mkdtemp(join(tmpdir(), 'mialink-'));
    helper.settings({ userDir: place.path } as never);
  });
  afterEach(async () => {
    // The device writes there until it is closed.
    await helper.unload();
    await rm(place.path, { recursive: true });
  });
  return place;
}

describe('aliyun-device with an outbox', () => {
  const userDir = useUserDir();
  const bench = useCloud();

  for (const outbox of ['memory', 'file'] as const) {
    it(`keeps posts in ${outbox} while the cloud is away, over a redeploy, and delivers them in order`, async () => {
      await bench.cloud.stopBroker();
      const lamp = bench.lampNode({ outbox, timeoutMs: 200 });
      await bench.load([PROPERTY, ...sinks('property')], undefined, lamp);
      await statusText('property', 'aliyun-property.status.disconnected');
      for (const brightness of [1, 2]) {
        const { payload, aliyun } = await post(brightness);
        assert.deepEqual([payload, aliyun], [{}, { queued: true }]);
      }
      assert.equal(lights('property').at(-1), 'yellow ring aliyun-property.status.queued');
      await helper.unload();
      await bench.cloud.startBroker();
      const delivered: unknown[] = [];
      const both = new Promise<void>((resolve) => {
        bench.lamp.on('post', ({ params }) => {
          delivered.push(Object.values(params as Record<string, { value: unknown }>)[0]?.value);
          if (delivered.length === 2) resolve();
        });
      });
      await bench.load([PROPERTY, ...sinks('property')], undefined, lamp);
      await both;
      assert.deepEqual(delivered, [1, 2]);
      const directory = join(userDir.path, 'aliyun-outbox', LAMP.productKey, LAMP.deviceName);
      const names = await readdir(directory).catch((): string[] => []);
      assert.equal(names.includes('head'), outbox === 'file');
    });
  }

  it('reports what the cloud refuses for good of a node that is no longer there', async () => {
    await bench.cloud.stopBroker();
    const lamp = bench.lampNode({ outbox: 'file', timeoutMs: 200 });
    await bench.load([PROPERTY, ...sinks('property')], undefined, lamp);
    await post(7);
    await helper.unload();
    bench.cloud.knobs.replyCode = 460;
    await bench.cloud.startBroker();
    await bench.load([EVENT, ...sinks('event')], undefined, lamp);
    const { code, at } = await nextError('errors');
    assert.equal(code, 'DEVICE');
    assert.equal((at.error as { source: { id: string } }).source.id, 'lamp');
    assert.match(JSON.stringify(at.payload), /Brightness.*7/);
    assert.equal((at.aliyun as { code: number }).code, 460);
  });

  it('leaves to a node that is there what that node has posted', async () => {
    await bench.cloud.stopBroker();
    const lamp = bench.lampNode({ outbox: 'memory', timeoutMs: 200 });
    await bench.load([PROPERTY, EVENT, ...sinks('property')], undefined, lamp);
    await post(7);
    bench.cloud.knobs.replyCode = 460;
    const errors = collect('errors');
    await bench.cloud.startBroker();
    await nextError('errors');
    const sources = errors.map(({ error }) => (error as { source: { id: string } }).source.id);
    assert.deepEqual(sources, ['property']);
  });
});

describe('an aliyun-property node with an outbox', () => {
  const bench = useCloud();

  it('shows the connection again when what was queued is delivered', async () => {
    const lamp = bench.lampNode({ outbox: 'memory', timeoutMs: 500 });
    await bench.load([PROPERTY, ...sinks('property')], undefined, lamp);
    await statusText('property', 'aliyun-property.status.connected');
    bench.cloud.knobs.dropReplies = true;
    await post(7);
    assert.equal(lights('property').at(-1), 'yellow ring aliyun-property.status.queued');
    const shown = statusText('property', 'aliyun-property.status.connected');
    bench.cloud.knobs.dropReplies = false;
    await shown;
    assert.equal(lights('property').at(-1), 'green dot aliyun-property.status.connected');
  });
});

describe('aliyun-device with a thing model', () => {
  const userDir = useUserDir();
  const bench = useCloud();

  for (const [what, fields] of [
    ['as text', () => ({ thingModel: JSON.stringify(TSL) })],
    ['said to be text', () => ({ thingModel: JSON.stringify(TSL), thingModelType: 'json' })],
    ['in a file', () => ({ thingModel: join(userDir.path, 'tsl.json') })],
    ['said to be in a file', () => ({ thingModel: join(userDir.path, 'tsl.json'), thingModelType: 'file' })],
    ['from the cloud', () => ({ thingModelType: 'cloud' })],
  ] as const) {
    it(`${what} checks values before they are sent`, async () => {
      await writeFile(join(userDir.path, 'tsl.json'), JSON.stringify(TSL));
      bench.lamp.setModel(TSL as never);
      await bench.load([PROPERTY, ...sinks('property')], undefined, bench.lampNode(fields()));
      await statusText('property', 'aliyun-property.status.connected');
      // A model of the cloud is there a moment after.
      await post(1);
      const caught = nextError('errors');
      node('property').receive({ payload: { Brightness: 500 } });
      const { code, message } = await caught;
      assert.equal(code, 'CONFIG');
      assert.match(message, /Brightness must be .*, not 500/);
    });
  }
});

describe('aliyun-device with a registration', () => {
  const PRODUCT = { productKey: LAMP.productKey, productSecret: 'pr0duc75ec2e7', dynamicRegistration: true };
  const SECRETS = { lamp: { productSecret: PRODUCT.productSecret } };
  const userDir = useUserDir();
  useNodeRed();
  let cloud: Cloud;
  beforeEach(async () => {
    cloud = await Cloud.start({ devices: [LAMP], products: [PRODUCT] });
  });
  afterEach(async () => {
    await helper.unload();
    await cloud.close();
  });
  const lamp = () => cloud.device(LAMP.deviceName);
  const flow = (registration: string) => {
    const { productKey, deviceName } = LAMP;
    const places = { endpoint: `127.0.0.1:${cloud.tlsPort}`, authEndpoint: `127.0.0.1:${cloud.authPort}` };
    const device = {
      id: 'lamp',
      type: 'aliyun-device',
      productKey,
      deviceName,
      ca: cloud.ca,
      registration,
      ...places,
    };
    return [device, PROPERTY, ...sinks('property')];
  };
  const stored = async () => {
    const directory = join(userDir.path, 'aliyun-devices');
    const names = await readdir(directory).catch((): string[] => []);
    return names.map((name) => join(directory, name));
  };

  for (const registration of ['https', 'mqtt', 'mqtt-unregistered']) {
    it(`by ${registration} registers once, keeps the file to itself, and signs in with it again`, async () => {
      await load(flow(registration), SECRETS);
      await statusText('property', 'aliyun-property.status.connected');
      const [file = assert.fail('nothing is stored'), ...others] = await stored();
      assert.deepEqual(others, []);
      assert.equal((await stat(file)).mode & 0o777, 0o600);
      const given = await readFile(file, 'utf8');
      await helper.unload();
      await load(flow(registration), SECRETS);
      await statusText('property', 'aliyun-property.status.connected');
      assert.equal(await readFile(file, 'utf8'), given);
      assert.equal(lamp().connects, 2);
    });
  }

  it('registers nobody who has a DeviceSecret', async () => {
    await load(flow('https'), { lamp: { ...SECRETS.lamp, deviceSecret: LAMP.deviceSecret } });
    await statusText('property', 'aliyun-property.status.connected');
    assert.deepEqual(await stored(), []);
  });

  it('forgets what it was given when the cloud deletes the device, and says so', async () => {
    await load(flow('https'), SECRETS);
    await statusText('property', 'aliyun-property.status.connected');
    assert.equal((await stored()).length, 1);
    const offline = once(lamp(), 'offline');
    await lamp().delete();
    await offline;
    await statusText('property', 'aliyun-property.status.deleted');
    while ((await stored()).length > 0) await new Promise(setImmediate);
  });
});
