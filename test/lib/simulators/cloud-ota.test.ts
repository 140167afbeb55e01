/** The firmware task of the simulated cloud: offered, followed, ended. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { MqttClient } from 'mqtt';
import { Cloud, type CloudDevice } from '../../simulators/cloud';
import { ask, Clients, download, EXAMPLE, LAMP, message, OWN, request, SYS, seen } from './cloud-clients';

describe('a firmware task of the simulated cloud', () => {
  let cloud: Cloud;
  let lamp: CloudDevice;
  let clients: Clients;

  beforeEach(async () => {
    cloud = await Cloud.start({ devices: [EXAMPLE, LAMP] });
    lamp = cloud.device('lamp-1');
    clients = new Clients(cloud);
  });

  afterEach(async () => {
    clients.close();
    await cloud.close();
  });

  const UPGRADE = `/ota/device/upgrade/${OWN}`;
  const content = randomBytes(300_000);
  const sha256 = createHash('sha256').update(content).digest('hex');

  function inform(client: MqttClient, version: string, module?: string) {
    client.publish(`/ota/device/inform/${OWN}`, JSON.stringify({ id: '1', params: { version, module } }));
  }

  async function report(client: MqttClient, step: string | number) {
    const raw = once(lamp, 'raw');
    client.publish(`/ota/device/progress/${OWN}`, JSON.stringify({ id: '1', params: { step, desc: '' } }));
    await raw;
  }

  it('is offered once the version is informed, and succeeds by the new version alone', async () => {
    const client = await clients.subscribed(UPGRADE);
    const notice = message(client, UPGRADE);
    const { url } = lamp.pushFirmware({ version: '1.0.1', content });
    inform(client, '1.0.0');
    const { code, id, data } = JSON.parse((await notice).toString());
    assert.deepEqual([code, typeof id], ['1000', 'number']);
    assert.deepEqual(data, { size: 300_000, sign: sha256, version: '1.0.1', url, signMethod: 'SHA256' });
    assert.deepEqual(lamp.upgrade, { version: '1.0.1', module: 'default', state: 'pushed' });
    await report(client, '1');
    assert.equal(lamp.upgrade?.state, 'upgrading');
    await report(client, '100');
    assert.equal(lamp.upgrade?.state, 'upgrading');
    const version = once(lamp, 'version');
    inform(client, '1.0.1');
    assert.deepEqual((await version)[0], { module: 'default', version: '1.0.1' });
    assert.equal(lamp.upgrade?.state, 'succeeded');
  });

  it('fails by a negative step, for good', async () => {
    const client = await clients.subscribed(UPGRADE);
    lamp.pushFirmware({ version: '1.0.1', content });
    await report(client, '-3');
    assert.equal(lamp.upgrade?.state, 'failed');
    await report(client, '50');
    assert.equal(lamp.upgrade?.state, 'failed');
    assert.deepEqual(
      lamp.progress.map(({ step }) => step),
      ['-3', '50'],
    );
  });

  it('ignores a step that is a number, or out of range', async () => {
    const client = await clients.subscribed(UPGRADE);
    lamp.pushFirmware({ version: '1.0.1', content });
    for (const step of [50, '0', '101', '-5', '5%']) await report(client, step);
    assert.deepEqual(lamp.progress, []);
    assert.equal(lamp.upgrade?.state, 'pushed');
  });

  it('is pushed again at reconnect while it is open, and not after', async () => {
    const first = await clients.subscribed(UPGRADE);
    inform(first, '1.0.0');
    const notice = message(first, UPGRADE);
    lamp.pushFirmware({ version: '1.0.1', content });
    await notice;
    const second = clients.dial();
    const again = message(second, UPGRADE);
    await seen(second, 'connect');
    second.subscribe(UPGRADE);
    await again;
    await report(second, '-2');
    const third = await clients.subscribed(UPGRADE);
    const received: string[] = [];
    third.on('message', (_topic, payload) => received.push(payload.toString()));
    const last = message(third, UPGRADE);
    lamp.publish(UPGRADE, 'last');
    await last;
    assert.deepEqual(received, ['last']);
  });

  it('is pulled by firmware/get and by the old request', async () => {
    const client = await clients.subscribed(UPGRADE, `${SYS}thing/ota/firmware/get_reply`);
    const get = (params: object) =>
      ask(client, 'thing/ota/firmware/get', request('thing.ota.firmware.get', params));
    assert.deepEqual((await get({})).data, {});
    lamp.pushFirmware({ version: '2.0.0', content, module: 'MCU', signMethod: 'Md5' });
    assert.deepEqual((await get({})).data, {});
    const { data } = await get({ module: 'MCU' });
    const md5 = createHash('md5').update(content).digest('hex');
    assert.deepEqual([data.module, data.signMethod, data.sign, data.md5], ['MCU', 'Md5', md5, md5]);
    const notice = message(client, UPGRADE);
    client.publish(`/ota/device/request/${OWN}`, JSON.stringify({ id: 1, params: { version: '1.0.0' } }));
    assert.equal(JSON.parse((await notice).toString()).data.version, '2.0.0');
  });

  it('may hold several files, and lies', async () => {
    const client = await clients.subscribed(UPGRADE);
    inform(client, '1.0.0');
    const notice = message(client, UPGRADE);
    lamp.pushFirmware({
      version: '2',
      content: Buffer.alloc(0),
      files: [Buffer.from('one'), Buffer.from('two')],
      name: '../evil',
      corrupt: { sign: 'ff', size: 9 },
    });
    const { data } = JSON.parse((await notice).toString());
    assert.deepEqual(Object.keys(data), ['version', 'signMethod', 'files']);
    const [one, two] = data.files;
    assert.deepEqual([one.fileName, one.fileSign, one.fileSize], ['../evil', 'ff', 9]);
    assert.equal(two.fileSign, createHash('sha256').update('two').digest('hex'));
    assert.equal((await download(cloud, two.fileUrl)).body.toString(), 'two');
  });
});
