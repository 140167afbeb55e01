/** The thing model of the simulated cloud: what it stores, answers and refuses. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { MqttClient } from 'mqtt';
import { Cloud, type CloudDevice } from '../../simulators/cloud';
import { ask, Clients, EXAMPLE, LAMP, request, SYS, seen } from './cloud-clients';

const POST = 'thing/event/property/post';
const METHOD = 'thing.event.property.post';
const REPLIES = [`${SYS}thing/event/+/post_reply`, `${SYS}thing/event/property/+/post_reply`];

describe('the thing model of the simulated cloud', () => {
  let cloud: Cloud;
  let lamp: CloudDevice;
  let clients: Clients;
  let client: MqttClient;

  beforeEach(async () => {
    cloud = await Cloud.start({ devices: [EXAMPLE, LAMP] });
    lamp = cloud.device('lamp-1');
    clients = new Clients(cloud);
    client = await clients.subscribed(
      ...REPLIES,
      `${SYS}thing/property/desired/+`,
      `${SYS}thing/ota/firmware/+`,
    );
  });

  afterEach(async () => {
    clients.close();
    await cloud.close();
  });

  it('stores posted properties and replies with the id', async () => {
    const posted = once(lamp, 'post');
    const reply = await ask(
      client,
      POST,
      request(METHOD, { power: 1, 'mod:level': { value: 40, time: 1500 } }),
    );
    assert.deepEqual(reply, {
      id: '7',
      code: 200,
      data: {},
      message: 'success',
      method: METHOD,
      version: '1.0',
    });
    assert.equal(lamp.properties.power?.value, 1);
    assert.deepEqual(lamp.properties['mod:level'], { value: 40, time: 1500 });
    assert.equal((await posted)[0].topic, SYS + POST);
    assert.deepEqual(lamp.posts, [
      {
        method: METHOD,
        id: '7',
        params: { power: 1, 'mod:level': { value: 40, time: 1500 } },
        topic: SYS + POST,
      },
    ]);
  });

  it('stores an event, wrapped or flat', async () => {
    const wrapped = request('thing.event.alarm.post', { value: { heat: 90 }, time: 2000 });
    assert.equal((await ask(client, 'thing/event/alarm/post', wrapped)).code, 200);
    assert.equal(
      (await ask(client, 'thing/event/alarm/post', { ...wrapped, params: { heat: 91 } })).code,
      200,
    );
    assert.deepEqual(lamp.events[0], { identifier: 'alarm', params: { heat: 90 }, time: 2000 });
    assert.deepEqual(lamp.events[1]?.params, { heat: 91 });
  });

  it('stores history, batch and pack, the latest value winning', async () => {
    const identity = { productKey: 'a1lamp', deviceName: 'lamp-1' };
    const history = [
      { identity, properties: [{ t: { value: 2, time: 20 } }, { t: { value: 1, time: 10 } }] },
    ];
    const event = { alarm: { value: { heat: 1 }, time: 5 } };
    const bodies: [string, unknown][] = [
      ['history', history],
      [
        'batch',
        {
          properties: {
            b: [
              { value: 1, time: 1 },
              { value: 2, time: 2 },
            ],
          },
          events: { alarm: [event.alarm] },
        },
      ],
      ['pack', { properties: { p: { value: 3, time: 3 } }, events: event }],
    ];
    for (const [kind, params] of bodies) {
      const reply = await ask(client, `thing/event/property/${kind}/post`, {
        id: '1',
        version: '1.0',
        params,
      });
      assert.equal(reply.code, 200, kind);
    }
    assert.deepEqual(lamp.properties, {
      t: { value: 2, time: 20 },
      b: { value: 2, time: 2 },
      p: { value: 3, time: 3 },
    });
    assert.equal(lamp.events.length, 2);
  });

  it('gives and deletes desired properties by version', async () => {
    lamp.setDesired({ power: 0 });
    lamp.setDesired({ power: 1, mode: 2 });
    const get = request('thing.property.desired.get', ['power', 'unknown']);
    const reply = await ask(client, 'thing/property/desired/get', get);
    assert.deepEqual(reply.data, { power: { value: 1, version: 2 } });
    const remove = request('thing.property.desired.delete', { power: { version: 1 }, mode: {} });
    assert.equal((await ask(client, 'thing/property/desired/delete', remove)).code, 200);
    assert.deepEqual(lamp.desired, { power: { value: 1, version: 2 } });
  });

  const many = Object.fromEntries(Array.from({ length: 201 }, (_, index) => [`p${index}`, 1]));
  const refusals: [string, number, object | string][] = [
    ['what is not JSON', 6207, '{"id":"7",'],
    ['an id that is a number', 460, request(METHOD, {}, { id: 7 })],
    ['an id above 4294967295', 460, request(METHOD, {}, { id: '4294967296' })],
    ['another version', 460, request(METHOD, {}, { version: '1.1' })],
    ['a method that is not the topic', 6300, request('thing.event.property.set', {})],
    ['missing params', 460, request(METHOD, undefined)],
    ['params that are an array', 460, request(METHOD, [])],
    ['a bad identifier', 460, request(METHOD, { 'a b': 1 })],
    ['true instead of 1', 460, request(METHOD, { power: true })],
    ['a time that is text', 460, request(METHOD, { power: { value: 1, time: '1' } })],
    ['more than 200 properties', 6106, request(METHOD, many)],
  ];
  for (const [what, code, body] of refusals) {
    it(`answers ${code} to ${what}, and stores nothing`, async () => {
      const reply = await ask(client, POST, body);
      assert.equal(reply.code, code);
      assert.notEqual(reply.message, '');
      assert.deepEqual(lamp.properties, {});
    });
  }

  it('answers 6203 to a topic it does not know, 6100 to a foreign identity', async () => {
    await client.subscribeAsync(`${SYS}thing/nothing_reply`);
    assert.equal((await ask(client, 'thing/nothing', request('thing.nothing', {}))).code, 6203);
    const params = [{ identity: { productKey: 'pk', deviceName: 'device' }, properties: [] }];
    const body = request('thing.event.property.history.post', params);
    assert.equal((await ask(client, 'thing/event/property/history/post', body)).code, 6100);
  });

  it('sends no reply when the device wants none', async () => {
    const received: string[] = [];
    client.on('message', (_topic, payload) => received.push(JSON.parse(payload.toString()).id));
    client.publish(SYS + POST, JSON.stringify(request(METHOD, { a: 1 }, { id: '1', sys: { ack: 0 } })));
    await ask(client, POST, request(METHOD, { b: 1 }, { id: '2', sys: { ack: 1 } }));
    assert.deepEqual(received, ['2']);
    assert.equal(lamp.properties.a?.value, 1);
  });

  it('refuses, drops, doubles and delays replies by its knobs', async () => {
    cloud.knobs.replyCode = 6306;
    assert.equal((await ask(client, POST, request(METHOD, { a: 1 }))).code, 6306);
    assert.deepEqual(lamp.properties, {});
    cloud.knobs.replyCode = 200;

    const received: string[] = [];
    client.on('message', (_topic, payload) => received.push(JSON.parse(payload.toString()).id));
    cloud.knobs.dropReplies = true;
    await client.publishAsync(SYS + POST, JSON.stringify(request(METHOD, { a: 1 }, { id: '1' })), {
      qos: 1,
    });
    await postOf(lamp, '1');
    cloud.knobs.dropReplies = false;
    cloud.knobs.delayRepliesMs = 50;
    client.publish(SYS + POST, JSON.stringify(request(METHOD, { a: 1 }, { id: '2' })));
    await postOf(lamp, '2');
    cloud.knobs.delayRepliesMs = 0;
    cloud.knobs.duplicateReplies = true;
    await ask(client, POST, request(METHOD, { a: 1 }, { id: '3' }));
    while (received.length < 3) await seen(client, 'message');
    assert.deepEqual(received, ['3', '3', '2']);
  });

  async function postOf(device: CloudDevice, id: string): Promise<void> {
    while (!device.posts.some((post) => post.id === id)) await once(device, 'post');
  }
});
