/** The console page of the simulated cloud: its texts, its live state and its buttons' requests. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { Cloud, type CloudDevice } from '../../simulators/cloud';
import { ask, Clients, LAMP, message, OWN, request, SYS } from './cloud-clients';

const UPGRADE = `/ota/device/upgrade/${OWN}`;

describe('the console page of the simulated cloud', () => {
  let cloud: Cloud;
  let lamp: CloudDevice;
  let clients: Clients;
  let page: string;

  beforeEach(async () => {
    cloud = await Cloud.start({ devices: [LAMP], consolePort: 0 });
    lamp = cloud.device('lamp-1');
    clients = new Clients(cloud);
    page = `http://127.0.0.1:${cloud.consolePort}`;
  });

  afterEach(async () => {
    clients.close();
    await cloud.close();
  });

  async function post(path: string, body: object | string, headers: object = {}) {
    const response = await fetch(`${page}/api/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', connection: 'close', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    return { status: response.status, body: await response.json() };
  }

  /** The states that the page is sent, one by one. */
  async function* states() {
    const outgoing = http.get(`${page}/api/events`, { agent: false });
    const [response] = await once(outgoing, 'response');
    let text = '';
    for await (const chunk of response) {
      text += chunk;
      const events = text.split('\n\n');
      text = events.pop() ?? '';
      for (const event of events) yield event.replace(/^data: /, '');
    }
  }

  it('is one page that loads nothing from elsewhere', async () => {
    const response = await fetch(page, { headers: { connection: 'close' } });
    const html = await response.text();
    assert.match(response.headers.get('content-type') ?? '', /text\/html/);
    assert.match(html, /<h1>IoT Platform<\/h1>/);
    assert.doesNotMatch(html, /(src|href)="(?!data:)|https?:\/\//);
  });

  it('is not served when it was not asked for', async () => {
    const quiet = await Cloud.start({ devices: [] });
    assert.equal(quiet.consolePort, null);
    await quiet.close();
  });

  it('shows live what the cloud knows, and no secret', async () => {
    cloud.shortcuts.push({ label: 'On', deviceName: 'lamp-1', set: { power: 1 } });
    const client = await clients.subscribed(`${SYS}thing/event/+/post_reply`, UPGRADE);
    const { url } = lamp.pushFirmware({ version: '2', content: Buffer.from('x') });
    const offered = message(client, UPGRADE);
    client.publish(`/ota/device/inform/${OWN}`, JSON.stringify({ id: '1', params: { version: '1' } }));
    await offered;
    const live = states();
    const first = (await live.next()).value ?? '';
    assert.equal(JSON.parse(first).devices[0].online, true);
    await ask(client, 'thing/event/alarm/post', request('thing.event.alarm.post', { heat: 90 }));
    await ask(client, 'thing/event/property/post', request('thing.event.property.post', { power: 1 }));
    let state = '';
    while (!state.includes('"power":{')) state = (await live.next()).value ?? '';
    const { devices, log, shortcuts } = JSON.parse(state);
    assert.equal(devices[0].properties.power.value, 1);
    assert.deepEqual(devices[0].events[0].params, { heat: 90 });
    assert.deepEqual(devices[0].upgrade, { version: '2', module: 'default', state: 'pushed' });
    const { method, id, code, direction } = log.at(-1);
    assert.deepEqual([method, id, code, direction], ['thing.event.property.post', '7', 200, 'up']);
    assert.equal(shortcuts[0].label, 'On');
    const authKey = url.split('=').at(-1) ?? '';
    for (const secret of [LAMP.deviceSecret, 'deviceSecret', authKey])
      assert.equal(state.includes(secret), false);
    await live.return();
  });

  it('sets a property and gives the answer of the device', async () => {
    const client = await clients.subscribed(`${SYS}thing/service/property/set`);
    client.on('message', (topic, payload) => {
      const { id, params } = JSON.parse(payload.toString());
      client.publish(
        `${topic}_reply`,
        JSON.stringify({ id, code: params.power === 1 ? 200 : 460, data: {} }),
      );
    });
    const set = (power: number) => post('property', { deviceName: 'lamp-1', params: { power } });
    assert.deepEqual(await set(1), { status: 200, body: { code: 200, data: {} } });
    assert.deepEqual(await set(2), { status: 200, body: { code: 460, data: {} } });
  });

  it('calls a service, synchronous or not', async () => {
    const client = await clients.subscribed(`${SYS}thing/service/+`, `${SYS}rrpc/request/+`);
    client.on('message', (topic, payload) => {
      const isSync = topic.includes('/rrpc/');
      const replyTopic = isSync ? topic.replace('/request/', '/response/') : `${topic}_reply`;
      const { id } = JSON.parse(payload.toString());
      client.publish(replyTopic, JSON.stringify({ id, code: 200, data: { isSync } }));
    });
    const call = { deviceName: 'lamp-1', identifier: 'toggle', input: {} };
    assert.deepEqual((await post('service', { ...call, sync: true })).body.data, { isSync: true });
    assert.deepEqual((await post('service', { ...call, sync: false })).body.data, { isSync: false });
  });

  it('pushes the next version, sound or corrupted', async () => {
    const client = await clients.subscribed(UPGRADE);
    const pushed = async (version: string, corrupt: boolean) => {
      const informed = once(lamp, 'version');
      client.publish(`/ota/device/inform/${OWN}`, JSON.stringify({ id: '1', params: { version } }));
      await informed;
      const notice = message(client, UPGRADE);
      const { body } = await post('firmware', { deviceName: 'lamp-1', corrupt });
      const { data } = JSON.parse((await notice).toString());
      assert.equal(data.version, body.version);
      return data;
    };
    const sound = await pushed('1.0.9', false);
    assert.deepEqual([sound.version, sound.sign === '0'.repeat(64)], ['1.0.10', false]);
    const corrupted = await pushed('beta', true);
    assert.deepEqual([corrupted.version, corrupted.sign], ['beta.1', '0'.repeat(64)]);
  });

  it('answers bad input with 400 and a sentence', async () => {
    const device = { deviceName: 'lamp-1' };
    const bad: [string, object | string, RegExp][] = [
      ['property', '{', /must be a JSON object/],
      ['property', { deviceName: 'nobody', params: { a: 1 } }, /no device of this name/],
      ['property', { ...device, params: {} }, /Give a property/],
      ['property', { ...device, params: { a: 1 } }, /lamp-1 is offline/],
      ['service', { ...device, identifier: 'a/b', input: {} }, /service identifier/],
      ['service', { ...device, identifier: 'a', input: [] }, /must be a JSON object/],
      ['firmware', device, /not reported a version/],
      ['property', 'x'.repeat(70_000), /too long/],
    ];
    for (const [path, body, sentence] of bad) {
      const answer = await post(path, body);
      assert.equal(answer.status, 400);
      assert.match(answer.body.error, sentence);
    }
  });

  it('answers 504 when the device does not take the call', async () => {
    await clients.connect();
    const { status, body } = await post('property', { deviceName: 'lamp-1', params: { a: 1 } });
    assert.equal(status, 504);
    assert.match(body.error, /has not subscribed/);
  });

  it('takes nothing from a form or a name of another page', async () => {
    const form = await post('property', '{}', { 'content-type': 'text/plain' });
    assert.deepEqual([form.status, form.body.error], [400, 'The request must be application/json.']);
    const outgoing = http.get(page, { agent: false, headers: { host: 'evil.example' } });
    const [response] = await once(outgoing, 'response');
    response.resume();
    assert.equal(response.statusCode, 400);
  });
});
