/** aliyun-topic in its other modes: the cloud's broadcasts, and its RRPC calls that the flow answers. */
import assert from 'node:assert/strict';
import { collect, LAMP, sinks, useCloud } from '../support/aliyun';
import { nextError, nextMessage, node, statusText } from '../support/flow';

const own = `/${LAMP.productKey}/${LAMP.deviceName}`;

describe('aliyun-topic', () => {
  const bench = useCloud();

  async function loadConnected(...nodes: Record<string, unknown>[]) {
    const all = nodes.map((fields, index) => ({
      id: `topic${index}`,
      type: 'aliyun-topic',
      device: 'lamp',
      wires: [['out']],
      ...fields,
    }));
    await bench.load([...all, ...sinks('topic0')]);
    await statusText('topic0', 'aliyun-topic.status.connected');
  }
  function errorFor(message: Record<string, unknown>) {
    const caught = nextError('errors');
    node('topic0').receive(message as never);
    return caught;
  }

  describe('for broadcasts', () => {
    it('puts out those to all devices, and those that it has subscribed', async () => {
      await loadConnected({ mode: 'broadcast', subscribe: 'alarm' });
      const toAll = nextMessage('out');
      bench.lamp.broadcast('{"siren":1}');
      const { payload, topic } = await toAll;
      assert.deepEqual(payload, { siren: 1 });
      assert.match(String(topic), /\/sys\/.*\/broadcast\/request\/\d+$/);

      const named = nextMessage('out');
      bench.lamp.broadcast('off', 'alarm');
      const { payload: text, aliyun } = await named;
      assert.deepEqual([text, aliyun], ['off', { topic: `/broadcast/${LAMP.productKey}/alarm` }]);
    });

    it('cannot send any', async () => {
      await loadConnected({ mode: 'broadcast' });
      const { code, message } = await errorFor({ payload: 'x', topic: 'alarm' });
      assert.equal(code, 'CONFIG');
      assert.match(message, /lamp-1 .*receives broadcasts, it cannot send/);
    });
  });

  describe('for RRPC', () => {
    /** The flow behind the node: the answer goes into the node `id`. */
    const answering = (payload: unknown, id = 'topic0') =>
      node('out').on('input', (message) => node(id).receive({ ...message, payload } as never));

    it('puts out a call without a topic, and answers it with what comes back', async () => {
      await loadConnected({ mode: 'rrpc' });
      answering({ state: 'fine' });
      const out = nextMessage('out');
      const answer = bench.lamp.rrpc('{"ask":1}');
      const { payload, topic, aliyun } = await out;
      assert.deepEqual(payload, { ask: 1 });
      const { mid, ...rest } = aliyun as { mid: string };
      assert.deepEqual(rest, { topic });
      assert.equal(topic, `/sys${own}/rrpc/request/${mid}`);
      assert.equal(String(await answer), '{"state":"fine"}');
    });

    it('puts out a call on a custom topic, and answers it on this topic', async () => {
      await loadConnected({ mode: 'rrpc', subscribe: 'user/get', format: 'buffer' });
      answering(Buffer.from([1, 255]));
      const out = nextMessage('out');
      const answer = bench.lamp.rrpc(Buffer.from([0]), { topic: `${own}/user/get` });
      assert.deepEqual((await out).payload, Buffer.from([0]));
      assert.deepEqual(await answer, Buffer.from([1, 255]));
    });

    it('answers through another node of the device', async () => {
      await loadConnected({ mode: 'rrpc', format: 'text' }, { mode: 'rrpc', wires: [] });
      answering('pong', 'topic1');
      assert.equal(String(await bench.lamp.rrpc('ping')), 'pong');
    });

    it('leaves services of the thing model to aliyun-service', async () => {
      const service = { id: 'service', type: 'aliyun-service', device: 'lamp', wires: [['out2']] };
      await loadConnected({ mode: 'rrpc' }, service);
      const [out, called] = [collect('out'), nextMessage('out2')];
      bench.lamp.invokeService('restart', { delay: 1 }, { sync: true }).catch(() => undefined);
      assert.deepEqual((await called).payload, { delay: 1 });
      assert.deepEqual(out, []);
    });

    it('answers a call once', async () => {
      await loadConnected({ mode: 'rrpc' });
      const out = nextMessage('out');
      const answer = bench.lamp.rrpc('x');
      const call = await out;
      const completed = nextMessage('completed');
      node('topic0').receive({ ...call, payload: 'one' } as never);
      await completed;
      const { code, message } = await errorFor({ ...call, payload: 'two' });
      assert.equal(code, 'TIMEOUT');
      assert.match(message, /answered already/);
      assert.equal(String(await answer), 'one');
    });

    it('fails with CONFIG for a message that is no answer', async () => {
      await loadConnected({ mode: 'rrpc', topic: 'user/update' });
      for (const aliyun of [undefined, 5, {}, { mid: '1' }, { topic: 'x' }]) {
        const { code, message } = await errorFor({ payload: 'x', aliyun });
        assert.equal(code, 'CONFIG');
        assert.match(message, /aliyun-topic in mode RRPC.*msg\.aliyun\.mid/);
      }
      assert.deepEqual(bench.lamp.published, []);
    });
  });
});
