/** The firmware tasks of several modules in the simulated cloud, and notices that come again. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { MqttClient } from 'mqtt';
import { ask, download, message, OWN, request, SYS, useCloud } from './cloud-clients';

const UPGRADE = `/ota/device/upgrade/${OWN}`;
const GET_REPLY = `${SYS}thing/ota/firmware/get_reply`;

describe('the firmware of the simulated cloud', () => {
  const here = useCloud();
  const content = Buffer.from('a firmware');
  let client: MqttClient;
  let notices: { version: string; module?: string; url: string }[];

  beforeEach(async () => {
    client = await here.clients.subscribed(UPGRADE, GET_REPLY);
    notices = [];
    client.on('message', (topic, payload) => {
      if (topic === UPGRADE) notices.push(JSON.parse(payload.toString()).data);
    });
  });

  async function say(kind: 'inform' | 'progress' | 'request', params: object) {
    const raw = once(here.lamp, 'raw');
    client.publish(`/ota/device/${kind}/${OWN}`, JSON.stringify({ id: '1', params }));
    await raw;
  }

  const get = async (module?: string) =>
    (await ask(client, 'thing/ota/firmware/get', request('thing.ota.firmware.get', { module }))).data;

  /** All notices so far: what is sent after them comes after them. */
  async function told(): Promise<string[]> {
    const last = message(client, GET_REPLY);
    await get('nothing');
    await last;
    return notices.map(({ version, module = 'default' }) => `${module} ${version}`);
  }

  it('is offered to each module that has informed a version', async () => {
    here.lamp.pushFirmware({ version: '2', content });
    here.lamp.pushFirmware({ version: '3', content, module: 'MCU' });
    await say('inform', { version: '1' });
    assert.deepEqual(await told(), ['default 2']);
    await say('inform', { version: '1', module: 'MCU' });
    assert.deepEqual(await told(), ['default 2', 'MCU 3']);
  });

  it('is followed for each module by itself', async () => {
    here.lamp.pushFirmware({ version: '2', content });
    here.lamp.pushFirmware({ version: '3', content, module: 'MCU' });
    const states = () => Object.values(here.lamp.upgrades).map(({ module, state }) => `${module} ${state}`);
    await say('progress', { step: '5', desc: '' });
    assert.deepEqual(states(), ['default upgrading', 'MCU pushed']);
    await say('progress', { step: '-4', desc: '', module: 'MCU' });
    assert.deepEqual(states(), ['default upgrading', 'MCU failed']);
    await say('inform', { version: '2' });
    assert.deepEqual(states(), ['default succeeded', 'MCU failed']);
    assert.equal(here.lamp.upgrade?.module, 'MCU', 'the last one pushed');
    await say('inform', { version: '3', module: 'MCU' });
    assert.deepEqual(states(), ['default succeeded', 'MCU failed'], 'failed is failed');
  });

  it('of one module is replaced by the next, and another module keeps its own', async () => {
    await say('inform', { version: '1' });
    await say('inform', { version: '1', module: 'MCU' });
    here.lamp.pushFirmware({ version: '3', content, module: 'MCU' });
    here.lamp.pushFirmware({ version: '2', content });
    here.lamp.pushFirmware({ version: '4', content });
    assert.deepEqual(await told(), ['MCU 3', 'default 2', 'default 4']);
    assert.deepEqual([(await get()).version, (await get('MCU')).version], ['4', '3']);
  });

  it('is requested in the old way for a module, or for any', async () => {
    here.lamp.pushFirmware({ version: '3', content, module: 'MCU' });
    await say('request', { version: '1', module: 'other' });
    assert.deepEqual(await told(), []);
    await say('request', { version: '1', module: 'MCU' });
    await say('request', { version: '1' });
    assert.deepEqual(await told(), ['MCU 3', 'MCU 3']);
  });

  it('is pushed twice by a knob', async () => {
    here.cloud.knobs.pushTwice = true;
    await say('inform', { version: '1' });
    here.lamp.pushFirmware({ version: '2', content });
    assert.deepEqual(await told(), ['default 2', 'default 2']);
    assert.deepEqual(notices[0], notices[1]);
  });

  it('has a URL that expires, and another one whenever it is asked for', async () => {
    const { url } = here.lamp.pushFirmware({ version: '2', content });
    here.cloud.firmware.expire();
    await say('inform', { version: '1' });
    await told();
    assert.equal(notices[0]?.url, url);
    assert.equal((await download(here.cloud, url)).status, 403);
    assert.equal((await download(here.cloud, url.replace(/\?.*/, ''))).status, 403);
    const fresh = (await get()).url;
    assert.notEqual(fresh, url);
    assert.equal((await download(here.cloud, fresh)).body.toString(), 'a firmware');
    await say('request', { version: '1' });
    await told();
    assert.equal((await download(here.cloud, notices[1]?.url ?? '')).status, 200);
  });
});
