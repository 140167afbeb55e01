import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type MqttClient } from 'mqtt';
import sinon from 'sinon';
import type { AliyunDevice } from '../../../lib/aliyun';
import { acknowledged, Bench, lamp, problemOf, stopTime, sys, untilState } from './bench';

describe('Aliyun requests', () => {
  let bench: Bench;
  let device: AliyunDevice;

  beforeEach(async () => {
    bench = await Bench.start();
    device = await bench.connectedDevice();
  });
  afterEach(async () => {
    sinon.restore();
    await bench.close();
  });

  it('post properties', async () => {
    const reply = await acknowledged(
      device.postProperties({
        power: 1,
        colour: { value: 'red', time: 1_700_000_000_000 },
      }),
    );
    assert.equal(reply.code, 200);
    assert.equal(reply.message, 'success');
    assert.equal(typeof reply.id, 'string');
    assert.equal(bench.lamp.properties.power?.value, 1);
    assert.deepEqual(bench.lamp.properties.colour, { value: 'red', time: 1_700_000_000_000 });
  });

  it('post events with their time', async () => {
    const before = Date.now();
    await device.postEvent('overheat', { degrees: 90 });
    const [event] = bench.lamp.events;
    assert.deepEqual([event?.identifier, event?.params], ['overheat', { degrees: 90 }]);
    assert.ok((event?.time ?? 0) >= before);
  });

  it('post an event whose identifier holds a dot', async () => {
    assert.equal((await acknowledged(device.postEvent('_LivingLink.alarm', { degrees: 90 }))).code, 200);
    assert.equal(bench.lamp.events[0]?.identifier, '_LivingLink.alarm');
  });

  it('post history and batches', async () => {
    await device.postHistory([{ power: { value: 0, time: 1000 } }, { power: { value: 1, time: 2000 } }]);
    await device.postBatch({ level: [{ value: 7, time: 3000 }] });
    assert.deepEqual(bench.lamp.properties.power, { value: 1, time: 2000 });
    assert.deepEqual(bench.lamp.properties.level, { value: 7, time: 3000 });
  });

  it('get and delete what is desired', async () => {
    bench.lamp.setDesired({ power: 1 });
    const { data } = await device.getDesired(['power']);
    assert.deepEqual(data, { power: { value: 1, version: 1 } });
    await device.deleteDesired({ power: { version: 1 } });
    assert.deepEqual((await device.getDesired(['power'])).data, {});
  });

  it('each get their own reply, though many are under way', async () => {
    bench.cloud.knobs.delayRepliesMs = 20;
    bench.lamp.setDesired(Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`p${at}`, at])));
    const replies = await Promise.all(Array.from({ length: 20 }, (_, at) => device.getDesired([`p${at}`])));
    for (const [at, { data }] of replies.entries()) {
      assert.deepEqual(data, { [`p${at}`]: { value: at, version: 1 } });
    }
  });

  it('leave at once where one follows the other, and with the next ones where several are under way', async () => {
    await device.close();
    const clients: MqttClient[] = [];
    const own = await bench.connectedDevice(undefined, {
      connect: (url, options) => {
        const client = connect(url, options);
        clients.push(client);
        return client;
      },
    });
    const corked = () => clients[0]?.stream.writableCorked ?? 0;
    /** Whether the socket holds it back until the turn is over. */
    const post = (power: number) => {
      const before = corked();
      const reply = own.postProperties({ power });
      return { isHeldBack: corked() > before, reply };
    };
    const first = post(1);
    const second = post(2);
    await Promise.all([first.reply, second.reply]);
    const third = post(3);
    await third.reply;
    const fourth = post(4);
    await fourth.reply;
    const heldBack = [first, second, third, fourth].map(({ isHeldBack }) => isHeldBack);
    assert.deepEqual(heldBack, [false, true, true, false]);
    assert.equal(bench.lamp.posts.length, 4);
  });

  it('have ids that are text, numbers below 2^32 and all different', async () => {
    for (let time = 0; time < 3; time += 1) await device.postProperties({ a: time });
    const ids = bench.lamp.posts.map(({ id }) => id);
    assert.equal(new Set(ids).size, 3);
    for (const id of ids) assert.ok(/^\d+$/.test(id) && Number(id) < 2 ** 32);
  });

  it('fail with the code and the words of the cloud when it refuses', async () => {
    bench.cloud.knobs.replyCode = 460;
    const problem = await problemOf(device.postProperties({ a: 1 }));
    assert.equal(problem.code, 'DEVICE');
    assert.deepEqual(problem.peer, { code: 460, message: 'refused by the simulated cloud' });
    assert.match(problem.message, /property post: 460 refused by the simulated cloud/);
  });

  it('fail when no reply comes in time, and ignore the one that comes later', async () => {
    bench.cloud.knobs.delayRepliesMs = 60;
    const problem = await problemOf(device.postProperties({ a: 1 }, { timeoutMs: 30 }));
    assert.deepEqual([problem.code, problem.reason, problem.values.timeoutMs], ['TIMEOUT', 'noReply', 30]);
    const reply = await acknowledged(device.postProperties({ a: 2 }));
    assert.equal(reply.id, bench.lamp.posts[1]?.id);
  });

  it('succeed once though the reply comes twice', async () => {
    bench.cloud.knobs.duplicateReplies = true;
    assert.equal((await acknowledged(device.postProperties({ a: 1 }))).code, 200);
    assert.equal((await acknowledged(device.postProperties({ a: 2 }))).code, 200);
    assert.deepEqual(bench.reports.warnings, []);
  });

  it('are not settled by a reply on another topic', async () => {
    bench.cloud.knobs.dropReplies = true;
    const failure = problemOf(device.postProperties({ a: 1 }, { timeoutMs: 100 }));
    const [{ id }] = await once(bench.lamp, 'post');
    bench.lamp.publish(`${sys}/thing/event/alarm/post_reply`, JSON.stringify({ id, code: 200 }));
    assert.equal((await failure).reason, 'noReply');
  });

  it('fail at once when their reply cannot be read', async () => {
    bench.cloud.knobs.dropReplies = true;
    const failure = problemOf(device.postProperties({ a: 1 }));
    const [{ id }] = await once(bench.lamp, 'post');
    bench.lamp.publish(`${sys}/thing/event/property/post_reply`, JSON.stringify({ id, code: 'fine' }));
    const { code, reason } = await failure;
    assert.deepEqual([code, reason], ['CODEC', 'downlinkMalformed']);
  });

  it('warn once of replies that belong to nobody and cannot be read', async () => {
    for (const nonsense of ['{', '[]', 'null']) {
      bench.lamp.publish(`${sys}/thing/event/property/post_reply`, nonsense);
    }
    await device.postProperties({ a: 1 });
    assert.deepEqual(bench.reports.reasons, ['downlinkMalformed']);
  });

  it('fail before they are sent when they are too long, and the connection goes on', async () => {
    const problem = await problemOf(device.postProperties({ a: 'x'.repeat(300_000) }));
    assert.deepEqual([problem.code, problem.reason], ['CONFIG', 'payloadInvalid']);
    await device.postProperties({ a: 1 });
    assert.equal(bench.lamp.connects, 1);
  });

  for (const event of ['a/b', '+', 'a b', 'a..b', '.a', '#']) {
    it(`refuse ${JSON.stringify(event)} for an event’s identifier`, async () => {
      const problem = await problemOf(device.postEvent(event, {}));
      assert.deepEqual([problem.code, problem.values.field], ['CONFIG', 'event']);
    });
  }

  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, undefined]) {
    it(`fail before they are sent, and name the key, with a value ${value}`, async () => {
      const problem = await problemOf(device.postProperties({ power: 1, level: value }));
      assert.deepEqual([problem.code, problem.reason], ['CONFIG', 'payloadInvalid']);
      assert.match(problem.message, new RegExp(`property post .*not ${value} in level`));
      assert.deepEqual(bench.lamp.posts, []);
    });
  }

  it('refuse an event without identifier', async () => {
    assert.equal((await problemOf(device.postEvent('', {}))).reason, 'eventMissing');
  });

  describe('without a reply', () => {
    const topic = `/${lamp.productKey}/${lamp.deviceName}/user/update`;

    it('are published, acknowledged by the broker', async () => {
      const arrived = once(bench.lamp, 'raw');
      await device.publish(topic, { hello: 1 });
      const [where, payload] = await arrived;
      assert.deepEqual([where, String(payload)], [topic, '{"hello":1}']);
    });

    it('are published without acknowledgement with QoS 0', async () => {
      const arrived = once(bench.lamp, 'raw');
      await device.publish(topic, { hello: 0 }, { qos: 0 });
      assert.equal(String((await arrived)[1]), '{"hello":0}');
    });

    it('fail when the broker ends the connection over them', async () => {
      const problem = await problemOf(device.publish('/sys/other/device/thing/x', {}));
      assert.deepEqual([problem.code, problem.reason], ['TRANSPORT', 'connectionLost']);
    });

    it('fail within timeoutMs, waiting for the connection and for the acknowledgement included', async () => {
      await device.close();
      const wire = await bench.wire(bench.cloud.tcpPort ?? 0);
      const clock = stopTime();
      const settings = { transport: 'tcp', endpoint: `127.0.0.1:${wire.port}`, timeoutMs: 1000 } as const;
      const slow = bench.device(settings);
      const failure = problemOf(slow.publish(topic, {}));
      await clock.tickAsync(900);
      slow.on('state', (state) => {
        if (state === 'connected') wire.asleep = true;
      });
      slow.open();
      await untilState(slow, 'connected');
      await clock.tickAsync(100);
      assert.equal((await failure).reason, 'noReply');
    });

    it('fail when the broker does not acknowledge them', async () => {
      const wire = await bench.wire(bench.cloud.tcpPort ?? 0);
      await device.close();
      const asleep = await bench.connectedDevice({
        transport: 'tcp',
        endpoint: `127.0.0.1:${wire.port}`,
        timeoutMs: 50,
      });
      wire.asleep = true;
      assert.equal((await problemOf(asleep.publish(topic, {}))).reason, 'noReply');
    });
  });
});
