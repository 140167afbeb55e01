/** Custom topics, broadcasts, RRPC and raw data of the simulated cloud. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { MqttClient } from 'mqtt';
import { anyMessage, message, OWN, SYS, seen, useCloud } from './cloud-clients';

const UP_RAW = `${SYS}thing/model/up_raw`;
const DOWN_RAW = `${SYS}thing/model/down_raw`;

describe('the custom topics of the simulated cloud', () => {
  const run = useCloud();

  it('are kept with payload and QoS, and told', async () => {
    const client = await run.clients.connect();
    const told = once(run.lamp, 'published');
    await client.publishAsync(`/${OWN}/user/update`, Buffer.from([0, 255]), { qos: 1 });
    await told;
    const [published] = run.lamp.published;
    assert.deepEqual(published, { topic: `/${OWN}/user/update`, payload: Buffer.from([0, 255]), qos: 1 });
  });

  it('have the names of the first products too', async () => {
    const client = await run.clients.connect();
    for (const name of ['update', 'update/error', 'get']) {
      const told = once(run.lamp, 'published');
      client.publish(`/${OWN}/${name}`, 'x');
      assert.equal((await told)[0].topic, `/${OWN}/${name}`);
    }
    await client.subscribeAsync(`/${OWN}/get`);
    const closed = seen(client, 'close');
    client.publish(`/${OWN}/other`, 'x');
    await closed;
  });

  it('carry messages down by wildcards, to their own device alone', async () => {
    const client = await run.clients.subscribed(`/${OWN}/user/#`);
    const received: string[] = [];
    client.on('message', (topic) => received.push(topic));
    run.cloud.device('device').publish('/pk/device/user/get', 'x');
    const last = message(client, `/${OWN}/user/deep/get`);
    run.lamp.publish(`/${OWN}/user/deep/get`, 'x');
    await last;
    assert.deepEqual(received, [`/${OWN}/user/deep/get`]);
  });
});

describe('a broadcast of the simulated cloud', () => {
  const run = useCloud();

  it('reaches a device on line that subscribed nothing', async () => {
    const client = await run.clients.connect();
    const arrived = anyMessage(client);
    run.lamp.broadcast(Buffer.from('all'));
    const { topic, payload } = await arrived;
    assert.match(topic, /^\/sys\/a1lamp\/lamp-1\/broadcast\/request\/\d+$/);
    assert.equal(payload.toString(), 'all');
  });

  it('arrives once where it was subscribed as well', async () => {
    const client = await run.clients.subscribed(`${SYS}broadcast/request/+`, `/${OWN}/user/end`);
    const received: string[] = [];
    client.on('message', (_topic, payload) => received.push(payload.toString()));
    run.lamp.broadcast('all');
    const end = message(client, `/${OWN}/user/end`);
    run.lamp.publish(`/${OWN}/user/end`, 'end');
    await end;
    assert.deepEqual(received, ['all', 'end']);
  });

  it('reaches a device that is just taking over, after its CONNACK', async () => {
    await run.clients.subscribed(`${SYS}#`); // it is taken down before the next one gets its CONNACK
    const { link } = run.lamp;
    const attach = link.attach.bind(link);
    link.attach = (session) => {
      attach(session);
      run.lamp.broadcast('early');
    };
    const client = run.clients.dial();
    const packets: string[] = [];
    client.on('packetreceive', ({ cmd }) => packets.push(cmd));
    assert.equal((await anyMessage(client)).payload.toString(), 'early');
    assert.deepEqual(packets, ['connack', 'publish']);
  });

  it('arrives in order with what is sent before and after it', async () => {
    const client = await run.clients.subscribed(`/${OWN}/user/a`, `/${OWN}/user/end`);
    const received: string[] = [];
    client.on('message', (_topic, payload) => received.push(payload.toString()));
    run.lamp.publish(`/${OWN}/user/a`, 'before');
    run.lamp.broadcast('all');
    const end = message(client, `/${OWN}/user/end`);
    run.lamp.publish(`/${OWN}/user/end`, 'end');
    await end;
    assert.deepEqual(received, ['before', 'all', 'end']);
  });

  it('with a name reaches who subscribed it, in its own product', async () => {
    const client = await run.clients.subscribed('/broadcast/a1lamp/news');
    await assert.rejects(client.subscribeAsync('/broadcast/pk/news'));
    await assert.rejects(client.subscribeAsync('/broadcast/a1lamp/+'));
    const arrived = message(client, '/broadcast/a1lamp/news');
    run.lamp.broadcast('some', 'news');
    assert.equal((await arrived).toString(), 'some');
  });
});

describe('an RRPC of the simulated cloud', () => {
  const run = useCloud();

  function echoing(client: MqttClient, replyTopic: (topic: string) => string) {
    client.on('message', (topic, payload) => client.publish(replyTopic(topic), `${payload}!`));
  }

  it('is of free form and answered on its response topic', async () => {
    const client = await run.clients.subscribed(`${SYS}rrpc/request/+`);
    echoing(client, (topic) => topic.replace('/request/', '/response/'));
    assert.equal((await run.lamp.rrpc('hello')).toString(), 'hello!');
  });

  it('goes over a custom topic, answered on the same', async () => {
    const client = await run.clients.subscribed(`/ext/rrpc/+/${OWN}/user/get`);
    echoing(client, (topic) => topic);
    const answer = await run.lamp.rrpc(Buffer.from([1]), { topic: `/${OWN}/user/get` });
    assert.deepEqual(answer, Buffer.from([1, 33]));
  });

  it('goes over a custom topic only to who announced ext=1', async () => {
    const more = { clientId: 'cid9|securemode=2,signmethod=hmacsha256|' };
    const client = await run.clients.connect(more);
    await client.subscribeAsync('/ext/rrpc/#');
    await assert.rejects(run.lamp.rrpc('x', { topic: `/${OWN}/user/get` }), /did not announce ext=1/);
  });

  it('does not wait for ever, nor past the end of the cloud', async () => {
    await run.clients.subscribed(`${SYS}rrpc/request/+`);
    await assert.rejects(run.lamp.rrpc('x', { timeoutMs: 20 }), /no reply within 20 ms/);
    const waiting = assert.rejects(run.lamp.rrpc('x'), /was closed/);
    await run.cloud.close();
    await waiting;
  });
});

describe('raw data in the simulated cloud', () => {
  const run = useCloud();
  const bytes = Buffer.from([0, 1, 255]);

  it('goes up and gets the bytes that the test gives', async () => {
    const client = await run.clients.subscribed(`${UP_RAW}_reply`);
    const post = async () => {
      const reply = message(client, `${UP_RAW}_reply`);
      client.publish(UP_RAW, bytes);
      return reply;
    };
    assert.deepEqual(await post(), bytes);
    run.lamp.onRaw = ([first = 0, ...rest]) => Buffer.from([...rest, first]);
    assert.deepEqual(await post(), Buffer.from([1, 255, 0]));
    assert.deepEqual(run.lamp.rawPosts, [bytes, bytes]);
  });

  it('goes down and comes back', async () => {
    const client = await run.clients.subscribed(DOWN_RAW);
    client.on('message', (_topic, payload) => client.publish(`${DOWN_RAW}_reply`, payload.subarray(1)));
    assert.deepEqual(await run.lamp.callRaw(bytes), bytes.subarray(1));
  });

  it('has no ids, so it goes down one by one', async () => {
    await run.clients.subscribed(DOWN_RAW);
    const first = assert.rejects(run.lamp.callRaw(bytes, { timeoutMs: 50 }), /no reply/);
    await assert.rejects(run.lamp.callRaw(bytes), /still awaited/);
    await first;
  });
});
