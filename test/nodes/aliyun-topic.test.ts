// biome-ignore-all lint/suspicious/noTemplateCurlyInString: so a person writes the placeholders
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { runInNewContext } from 'node:vm';
import { collect, LAMP, lights, sinks, useCloud } from '../support/aliyun';
import { nextError, nextMessage, node, type Received, statusText } from '../support/flow';

const own = `/${LAMP.productKey}/${LAMP.deviceName}`;

describe('aliyun-topic', () => {
  const bench = useCloud();

  async function loadConnected(fields: Record<string, unknown> = {}) {
    const topic = { id: 'topic', type: 'aliyun-topic', device: 'lamp', wires: [['out']], ...fields };
    await bench.load([topic, ...sinks('topic')]);
    await statusText('topic', 'aliyun-topic.status.connected');
  }
  /** Resolves when the message has been published, with what the cloud has got. */
  async function published(message: Record<string, unknown>) {
    const completed = nextMessage('completed');
    const arrived = once(bench.lamp, 'published');
    node('topic').receive(message as never);
    const [[{ topic, payload, qos }]] = await Promise.all([arrived, completed]);
    return { topic, payload: String(payload), qos };
  }
  function errorFor(message: Record<string, unknown>) {
    const caught = nextError('errors');
    node('topic').receive(message as never);
    return caught;
  }
  /** What comes out when the cloud publishes this. */
  function received(topic: string, payload: string | Buffer): Promise<Received> {
    const out = nextMessage('out');
    bench.lamp.publish(topic, payload);
    return out;
  }

  describe('for custom topics', () => {
    it('publishes to the topic of its field, with QoS 1, and puts nothing out', async () => {
      await loadConnected({ topic: 'user/update' });
      const out = collect('out');
      assert.deepEqual(await published({ payload: 'hello', topic: 'user/error' }), {
        topic: `${own}/user/update`,
        payload: 'hello',
        qos: 1,
      });
      assert.deepEqual(out, []);
      assert.equal(lights('topic').at(-1), 'green dot aliyun-topic.status.done');
    });

    it('publishes to msg.topic where its field is blank, written short or in whole', async () => {
      await loadConnected();
      for (const topic of ['user/update', '/user/update', '/${productKey}/${deviceName}/user/update']) {
        assert.equal((await published({ topic, payload: 'x' })).topic, `${own}/user/update`);
      }
      assert.equal((await published({ topic: 'update', payload: 'x' })).topic, `${own}/update`);
    });

    it('publishes bytes and text as they are, and anything else as JSON', async () => {
      await loadConnected({ topic: 'user/update' });
      const payloads: [unknown, string][] = [
        [new Uint8Array([104, 105]), 'hi'],
        [runInNewContext('new Uint8Array([104, 105])'), 'hi'],
        [Buffer.from('bytes'), 'bytes'],
        ['', ''],
        [{ a: [1] }, '{"a":[1]}'],
        [[1, 'b'], '[1,"b"]'],
        [5, '5'],
        [false, 'false'],
      ];
      for (const [payload, text] of payloads) assert.equal((await published({ payload })).payload, text);
    });

    it('publishes with the QoS of its field', async () => {
      await loadConnected({ topic: 'user/update', qos: '0' });
      assert.equal((await published({ payload: 'x', qos: 1 })).qos, 0);
    });

    it('publishes with the QoS of the message where the field leaves it to that', async () => {
      await loadConnected({ topic: 'user/update', qos: '' });
      assert.equal((await published({ payload: 'x', qos: 0 })).qos, 0);
      assert.equal((await published({ payload: 'x' })).qos, 1);
      assert.match((await errorFor({ payload: 'x', qos: 2 })).message, /qos must be 0 or 1, not 2/);
    });

    it('puts out what arrives on its topics, with their wildcards', async () => {
      await loadConnected({ subscribe: 'user/get, user/+/state user/deep/#' });
      for (const topic of [`${own}/user/get`, `${own}/user/a/state`, `${own}/user/deep/er/still`]) {
        const { payload, topic: from, aliyun } = await received(topic, '{"on":1}');
        assert.deepEqual([payload, from, aliyun], [{ on: 1 }, topic, { topic }]);
      }
    });

    it('puts a message out once, though two of its topics match', async () => {
      await loadConnected({ subscribe: 'user/#,user/get,user/+' });
      const out = collect('out');
      await received(`${own}/user/get`, 'one');
      await received(`${own}/user/other`, 'two');
      assert.deepEqual(
        out.map(({ payload }) => payload),
        ['one', 'two'],
      );
    });

    it('puts out nothing else', async () => {
      await loadConnected({ subscribe: 'user/get' });
      const out = collect('out');
      bench.lamp.publish(`${own}/user/other`, 'x');
      await received(`${own}/user/get`, 'y');
      assert.equal(out.length, 1);
    });

    for (const [format, payload, expected] of [
      ['auto', 'text', 'text'],
      ['auto', '[1]', [1]],
      ['auto', '5', '5'],
      ['auto', '{"a"', '{"a"'],
      ['auto', Buffer.from([255]), Buffer.from([255])],
      ['auto', '['.repeat(50).concat(']'.repeat(50)), '['.repeat(50).concat(']'.repeat(50))],
      ['json', '5', 5],
      ['json', '{"a":1,"__proto__":{"b":1}}', { a: 1 }],
      ['text', '{}', '{}'],
      ['buffer', 'x', Buffer.from('x')],
    ] as const) {
      it(`puts out ${JSON.stringify(payload).slice(0, 30)} in the format ${format}`, async () => {
        await loadConnected({ subscribe: 'user/get', format });
        assert.deepEqual((await received(`${own}/user/get`, payload)).payload, expected);
      });
    }

    it('reports what is not JSON where JSON is wanted', async () => {
      await loadConnected({ subscribe: 'user/get', format: 'json' });
      const caught = nextError('errors');
      bench.lamp.publish(`${own}/user/get`, '{"a"');
      const { code, message, at } = await caught;
      assert.equal(code, 'CODEC');
      assert.match(message, /user\/get was dropped: it is not JSON/);
      assert.deepEqual(at.payload, Buffer.from('{"a"'));
    });

    it('receives again after the connection was lost', async () => {
      await loadConnected({ subscribe: 'user/get' });
      const back = once(bench.lamp, 'subscribed');
      bench.lamp.cut();
      await back;
      await statusText('topic', 'aliyun-topic.status.connected');
      assert.equal((await received(`${own}/user/get`, 'x')).payload, 'x');
    });
  });

  describe('refuses', () => {
    it('a message without a topic', async () => {
      await loadConnected();
      const { code, message } = await errorFor({ payload: 'x' });
      assert.equal(code, 'CONFIG');
      assert.match(message, /lamp-1 .*topic is missing.*msg\.topic/);
    });

    it("to publish to another device's topic, or to one with wildcards", async () => {
      await loadConnected();
      const foreign = await errorFor({ payload: 'x', topic: '/a1other/lamp-2/user/update' });
      assert.equal(foreign.code, 'CONFIG');
      assert.match(foreign.message, /a1other\/lamp-2\/user\/update is not one of this device/);
      assert.match((await errorFor({ payload: 'x', topic: 'user/#' })).message, /without wildcards/);
      assert.deepEqual(bench.lamp.published, []);
    });

    it('payloads that cannot be sent', async () => {
      await loadConnected({ topic: 'user/update' });
      for (const payload of [undefined, null, () => 1, 'x'.repeat(256 * 1024 + 1), { a: 1n }]) {
        assert.equal((await errorFor({ payload })).code, 'CONFIG');
      }
      assert.deepEqual(bench.lamp.published, []);
    });

    for (const [what, fields, text] of [
      [
        "another device's topic",
        { subscribe: 'user/get /a1other/lamp-2/user/get' },
        /is not one of this device/,
      ],
      ['a misplaced wildcard', { subscribe: 'user/#/x' }, /# the last one/],
      ["another product's broadcast", { mode: 'broadcast', subscribe: '/broadcast/a1other/x' }, /not one of/],
      ['an RRPC on a foreign topic', { mode: 'rrpc', subscribe: '/a1other/lamp-2/user/get' }, /not one of/],
      ['an unknown mode', { mode: 'loud' }, /mode must be one of topic, broadcast, rrpc, not loud/],
    ] as const) {
      it(`${what} in its fields: the status says so, and every message fails`, async () => {
        const topic = { id: 'topic', type: 'aliyun-topic', device: 'lamp', wires: [['out']], ...fields };
        const event = { id: 'event', type: 'aliyun-event', device: 'lamp', event: 'e' };
        await bench.load([topic, event, ...sinks('topic')]);
        await statusText('event', 'aliyun-event.status.connected');
        assert.equal(lights('topic').at(-1), 'red ring aliyun-topic.status.misconfigured');
        for (let time = 0; time < 2; time += 1) {
          const { code, message } = await errorFor({ payload: 'x', topic: 'user/update' });
          assert.equal(code, 'CONFIG');
          assert.match(message, text);
        }
        assert.equal(lights('topic').at(-1), 'red ring aliyun-topic.status.misconfigured');
      });
    }
  });
});
