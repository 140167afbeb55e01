/** Property set and services, called by the simulated cloud. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Cloud, type CloudDevice } from '../../simulators/cloud';
import { Clients, EXAMPLE, LAMP, request, SYS } from './cloud-clients';

describe('a call of the simulated cloud', () => {
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

  /** Answers each call the way `reply` says. */
  async function answering(filters: string[], replyTopic: (topic: string) => string, data: object = {}) {
    const client = await clients.subscribed(...filters);
    const calls: {
      topic: string;
      body: { id: string; method: string; version: string; params: unknown };
    }[] = [];
    client.on('message', (topic, payload) => {
      const body = JSON.parse(payload.toString());
      calls.push({ topic, body });
      client.publish(replyTopic(topic), JSON.stringify({ id: body.id, code: 200, data }));
    });
    return calls;
  }

  it('sets properties and resolves with the set_reply', async () => {
    const calls = await answering([`${SYS}thing/service/property/set`], (topic) => `${topic}_reply`);
    const replied = once(lamp, 'reply');
    assert.deepEqual(await lamp.setProperties({ power: 1 }), { code: 200, data: {} });
    const body = calls[0]?.body;
    assert.equal(typeof body?.id, 'string');
    assert.deepEqual({ ...body, id: '' }, request('thing.service.property.set', { power: 1 }, { id: '' }));
    assert.equal((await replied)[0].topic, `${SYS}thing/service/property/set_reply`);
  });

  it('calls a service asynchronously', async () => {
    const calls = await answering([`${SYS}thing/service/+`], (topic) => `${topic}_reply`, { left: 3 });
    assert.deepEqual(await lamp.invokeService('toggle', { times: 2 }), { code: 200, data: { left: 3 } });
    assert.equal(calls[0]?.body.method, 'thing.service.toggle');
  });

  it('calls a service synchronously by the system RRPC', async () => {
    const calls = await answering(
      [`${SYS}rrpc/request/+`],
      (topic) => topic.replace('/request/', '/response/'),
      { left: 1 },
    );
    assert.deepEqual(await lamp.invokeService('toggle', {}, { sync: true }), {
      code: 200,
      data: { left: 1 },
    });
    assert.equal(calls[0]?.body.method, 'thing.service.toggle');
  });

  it("calls a service synchronously on the service's own topic", async () => {
    const calls = await answering(['/ext/rrpc/#'], (topic) => topic, { left: 0 });
    assert.deepEqual(await lamp.invokeService('toggle', {}, { sync: 'ext' }), {
      code: 200,
      data: { left: 0 },
    });
    assert.match(calls[0]?.topic ?? '', /^\/ext\/rrpc\/\d+\/sys\/a1lamp\/lamp-1\/thing\/service\/toggle$/);
    assert.equal(calls.length, 1);
  });

  it('does not take an answer on the wrong topic, or to another id', async () => {
    await answering([`${SYS}rrpc/request/+`], () => `${SYS}thing/service/toggle_reply`);
    await assert.rejects(
      lamp.invokeService('toggle', {}, { sync: true, timeoutMs: 100 }),
      /no reply within 100 ms/,
    );
  });

  it('says at once when the device has not subscribed or does not know the form', async () => {
    await clients.connect({ clientId: 'cid9|securemode=2,signmethod=hmacsha256|' });
    await assert.rejects(lamp.setProperties({ power: 1 }), /has not subscribed/);
    await assert.rejects(lamp.invokeService('toggle', {}, { sync: 'ext' }), /did not announce ext=1/);
  });

  it('rejects what waits when it is closed', async () => {
    await clients.subscribed(`${SYS}thing/service/property/set`);
    const waiting = assert.rejects(lamp.setProperties({ power: 1 }), /was closed/);
    await cloud.close();
    await waiting;
    cloud = await Cloud.start({ devices: [] });
  });
});
