/** What a device may publish and subscribe at the simulated cloud. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Cloud, type CloudDevice } from '../../simulators/cloud';
import { ask, Clients, EXAMPLE, LAMP, message, OWN, request, SYS, seen } from './cloud-clients';

describe('access to the simulated cloud', () => {
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

  const foreign = [
    '/sys/pk/device/thing/event/property/post',
    '/ota/device/inform/pk/device',
    '/ota/device/upgrade/a1lamp/lamp-1',
    '/pk/device/user/x',
    '/ext/ntp/pk/device/request',
    '/sys/a1lamp/lamp-11/thing/x',
    '/anything',
  ];
  for (const topic of foreign) {
    it(`closes a connection that publishes ${topic}`, async () => {
      const client = await clients.connect();
      const closed = seen(client, 'close');
      client.publish(topic, '{}');
      await closed;
    });
  }

  const badPublishes: [string, Buffer, { qos?: 2; retain?: boolean }][] = [
    ['with QoS 2', Buffer.from('{}'), { qos: 2 }],
    ['retained', Buffer.from('{}'), { retain: true }],
    ['of more than 256 KB', Buffer.alloc(256 * 1024 + 1), {}],
  ];
  for (const [what, payload, options] of badPublishes) {
    it(`closes a connection that publishes a message ${what}`, async () => {
      const client = await clients.connect();
      const closed = seen(client, 'close');
      client.publish(`/${OWN}/user/x`, payload, options);
      await closed;
    });
  }

  it('takes a message of 256 KB on every topic of its own', async () => {
    const client = await clients.connect();
    const topics = [
      `/${OWN}/user/x`,
      `/ext/ntp/${OWN}/request`,
      `/shadow/update/${OWN}`,
      '/ext/network/probe/1',
    ];
    for (const topic of topics) {
      const raw = once(lamp, 'raw');
      await client.publishAsync(topic, Buffer.alloc(256 * 1024), { qos: 1 });
      assert.equal((await raw)[0], topic);
    }
  });

  it('grants subscriptions below its own names, and fails all others', async () => {
    const client = await clients.connect();
    const granted = async (topic: string, qos: 0 | 1 | 2 = 0) => {
      const refused = await client.subscribeAsync(topic, { qos }).then(
        () => false,
        () => true,
      );
      return !refused;
    };
    const own = [
      `${SYS}#`,
      `${SYS}thing/service/+`,
      `/ota/device/upgrade/${OWN}`,
      '/ext/rrpc/#',
      `/shadow/get/${OWN}`,
    ];
    for (const topic of own) assert.equal(await granted(topic), true, topic);
    const others = [
      '#',
      '/sys/#',
      '/sys/a1lamp/+/thing/#',
      '/ota/device/upgrade/pk/device',
      '/pk/device/user/x',
      '/x',
    ];
    for (const topic of others) assert.equal(await granted(topic), false, topic);
    assert.equal(await granted(`${SYS}x`, 2), false);
  });

  it('grants 100 subscriptions and no more', async () => {
    const client = await clients.connect();
    const filters = Array.from({ length: 100 }, (_, index) => `${SYS}thing/service/s${index}`);
    await client.subscribeAsync(filters);
    await assert.rejects(client.subscribeAsync(`${SYS}thing/service/one-more`));
    await client.unsubscribeAsync(`${SYS}thing/service/s1`);
    await client.subscribeAsync(`${SYS}thing/service/one-more`);
  });

  it('delivers nothing that was not subscribed, and to nobody else', async () => {
    const client = await clients.subscribed(`${SYS}thing/service/a`, '/ext/rrpc/#');
    const received: string[] = [];
    client.on('message', (topic) => received.push(topic));
    lamp.publish(`${SYS}thing/service/b`, 'x');
    cloud.device('device').publish('/ext/rrpc/1/sys/pk/device/thing/service/x', 'x');
    const last = message(client, `${SYS}thing/service/a`);
    lamp.publish(`${SYS}thing/service/a`, 'x');
    await last;
    assert.deepEqual(received, [`${SYS}thing/service/a`]);
  });

  it('does not give a device its own messages back', async () => {
    const client = await clients.subscribed(`${SYS}#`);
    const received: string[] = [];
    client.on('message', (topic) => received.push(topic));
    await ask(client, 'thing/event/property/post', request('thing.event.property.post', { power: 1 }));
    assert.deepEqual(received, [`${SYS}thing/event/property/post_reply`]);
  });
});
