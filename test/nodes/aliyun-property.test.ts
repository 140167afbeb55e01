import assert from 'node:assert/strict';
import { once } from 'node:events';
import { runInNewContext } from 'node:vm';
import { collect, lights, sinks, useCloud } from '../support/aliyun';
import { nextError, nextMessage, node, statusText } from '../support/flow';

const TIME = 1_700_000_000_000;

describe('aliyun-property', () => {
  const bench = useCloud();

  function propertyNode(more: Record<string, unknown> = {}) {
    return { id: 'property', type: 'aliyun-property', device: 'lamp', wires: [['out'], ['out2']], ...more };
  }
  async function loadConnected(...more: Parameters<typeof bench.load>[0]) {
    await bench.load([propertyNode(), ...more, ...sinks('property')]);
    await statusText('property', 'aliyun-property.status.connected');
  }
  /** What comes out for a message that goes in. */
  function answerTo(message: Record<string, unknown>) {
    const out = nextMessage('out');
    node('property').receive(message as never);
    return out;
  }
  function errorFor(message: Record<string, unknown>) {
    const caught = nextError('errors');
    node('property').receive(message as never);
    return caught;
  }

  describe('asks the cloud to', () => {
    it('post the payload where no operation is named, and keeps the rest of the message', async () => {
      await loadConnected();
      const completed = nextMessage('completed');
      const message = await answerTo({ payload: { Brightness: 80 }, topic: 'lamp', req: 7 });
      assert.deepEqual(message.payload, {});
      assert.equal(message.topic, 'lamp');
      assert.equal(message.req, 7);
      const id = bench.lamp.posts.at(-1)?.id;
      assert.deepEqual(message.aliyun, { id, code: 200, message: 'success' });
      assert.equal(bench.lamp.properties.Brightness?.value, 80);
      assert.equal((await completed)._msgid, message._msgid);
    });

    it('post, and leaves no answer of a former node where it gets none', async () => {
      await loadConnected();
      const { at } = await errorFor({ payload: 'dark', aliyun: { id: '1', code: 200, message: 'success' } });
      assert.equal(at.aliyun, undefined);
    });

    it('post, with the code and words of the cloud where it refuses the sign-in', async () => {
      bench.cloud.knobs.refuse = 5;
      await bench.load([propertyNode(), ...sinks('property')]);
      await statusText('property', 'aliyun-property.status.refused');
      const { code, at } = await errorFor({ payload: { Brightness: 80 } });
      assert.equal(code, 'AUTH');
      const { code: connack, message } = at.aliyun as { code: number; message: string };
      assert.equal(connack, 5);
      assert.match(message, /^Connection refused/);
    });

    it('post a value with its time', async () => {
      await loadConnected();
      await answerTo({ operation: 'post', payload: { Brightness: { value: 5, time: TIME } } });
      assert.deepEqual(bench.lamp.properties.Brightness, { value: 5, time: TIME });
    });

    it('take a history', async () => {
      await loadConnected();
      const payload = [
        { Brightness: { value: 1, time: TIME } },
        { Brightness: { value: 2, time: TIME + 1 }, Power: { value: 0, time: TIME } },
      ];
      const message = await answerTo({ operation: 'history', payload });
      assert.deepEqual(message.payload, {});
      assert.equal((message.aliyun as { code: number }).code, 200);
      assert.deepEqual(bench.lamp.properties, {
        Brightness: { value: 2, time: TIME + 1 },
        Power: { value: 0, time: TIME },
      });
    });

    it('take a batch', async () => {
      await loadConnected();
      const series = [
        { value: 3, time: TIME },
        { value: 4, time: TIME + 1 },
      ];
      const message = await answerTo({ operation: 'batch', payload: { Brightness: series } });
      assert.deepEqual(message.payload, {});
      assert.equal((message.aliyun as { code: number }).code, 200);
      assert.deepEqual(bench.lamp.properties, { Brightness: { value: 4, time: TIME + 1 } });
    });

    for (const [operation, payload] of [
      ['post', (time: unknown) => ({ Brightness: { value: 5, time } })],
      ['history', (time: unknown) => [{ Brightness: { value: 5, time } }]],
      ['batch', (time: unknown) => ({ Brightness: [{ value: 5, time }] })],
    ] as const) {
      it(`take a Date as time in a ${operation}, also one out of a function node`, async () => {
        await loadConnected();
        for (const date of [new Date(TIME), runInNewContext(`new Date(${TIME})`)]) {
          await answerTo({ operation, payload: payload(date) });
        }
        const { params } = bench.lamp.posts.at(-1) ?? assert.fail('nothing was posted');
        assert.match(JSON.stringify(params), new RegExp(`{"value":5,"time":${TIME}}`));
      });
    }

    it('tell the desired properties, and to delete them', async () => {
      await loadConnected();
      bench.lamp.setDesired({ Brightness: 40, Power: 1 });
      const wished = await answerTo({ operation: 'desired.get', payload: ['Brightness'] });
      assert.deepEqual(wished.payload, { Brightness: { value: 40, version: 1 } });
      assert.equal((wished.aliyun as { code: number }).code, 200);

      await answerTo({ operation: 'desired.delete', payload: { Brightness: { version: 9 }, Power: {} } });
      assert.deepEqual(Object.keys(bench.lamp.desired), ['Brightness']);
    });
  });

  it('fails with DEVICE when the cloud refuses, its code in text and msg.aliyun, and sends nothing', async () => {
    await loadConnected();
    bench.cloud.knobs.replyCode = 6306;
    const out = collect('out');
    const { code, message, at } = await errorFor({ topic: 't', payload: { Brightness: 1000 } });
    assert.equal(code, 'DEVICE');
    assert.match(message, /lamp-1 .*property post.*6306 refused by the simulated cloud/);
    assert.deepEqual(at.aliyun, { code: 6306, message: 'refused by the simulated cloud' });
    assert.deepEqual([at.topic, at.payload], ['t', { Brightness: 1000 }]);
    assert.deepEqual(out, []);
    assert.equal(lights('property').at(-1), 'red dot aliyun-property.status.failed');
  });

  it('fails with TIMEOUT when the cloud does not answer', async () => {
    await bench.load(
      [propertyNode(), ...sinks('property')],
      undefined,
      bench.lampNode({ timeoutMs: '1000' }),
    );
    await statusText('property', 'aliyun-property.status.connected');
    bench.cloud.knobs.dropReplies = true;
    const { code, message } = await errorFor({ payload: { Brightness: 1 } });
    assert.equal(code, 'TIMEOUT');
    assert.match(message, /lamp-1 .*property post within 1000 ms/);
  });

  it('fails with CONFIG for an unknown operation, and names those that there are', async () => {
    await loadConnected();
    for (const operation of ['psot', 'toString', '__proto__']) {
      const { code, message } = await errorFor({ operation, payload: { Brightness: 1 } });
      assert.equal(code, 'CONFIG');
      assert.match(message, new RegExp(`${operation} .*post, history, batch, desired.get, desired.delete`));
    }
    assert.deepEqual(bench.lamp.posts, []);
  });

  it('fails with CONFIG for a payload that does not fit, and says what would', async () => {
    await loadConnected();
    const series = { value: 1, time: '12:00' };
    for (const [operation, payload, rule] of [
      ['post', 5, /object {identifier: value}, not number/],
      ['post', null, /object {identifier: value}, not null/],
      ['post', {}, /object {identifier: value}, not an empty object/],
      ['post', [{ Brightness: 1 }], /object {identifier: value}, not such an array/],
      ['post', Buffer.from('{}'), /object {identifier: value}/],
      ['history', { Brightness: { value: 1, time: 1 } }, /array of {identifier: {value, time}}/],
      ['history', [], /array of .*not an empty array/],
      ['history', [{ Brightness: 1 }], /array of {identifier: {value, time}}/],
      ['batch', { Brightness: { value: 1, time: 1 } }, /object {identifier: \[{value, time}, ...\]}/],
      ['batch', { Brightness: [series] }, /object {identifier: \[{value, time}, ...\]}/],
      ['desired.get', 'Brightness', /array of identifiers, not string/],
      ['desired.get', [1], /array of identifiers/],
      ['desired.delete', ['Brightness'], /object {identifier: {version\?}}/],
      ['desired.delete', { Brightness: 1 }, /object {identifier: {version\?}}/],
    ] as const) {
      const { code, message } = await errorFor({ operation, payload });
      assert.equal(code, 'CONFIG');
      assert.match(message, /lamp-1/);
      assert.match(message, new RegExp(`payload of ${operation} must be`));
      assert.match(message, rule);
    }
    assert.deepEqual(bench.lamp.posts, []);
  });

  it('shows connected, busy and done', async () => {
    await loadConnected();
    await answerTo({ payload: { Brightness: 1 } });
    assert.deepEqual(lights('property').slice(-3), [
      'green dot aliyun-property.status.connected',
      'blue dot aliyun-property.status.busy',
      'green dot aliyun-property.status.done',
    ]);
  });

  it('ends a post under way with CANCELLED when the node is edited, though another keeps the device', async () => {
    await loadConnected({ id: 'other', type: 'aliyun-property', device: 'lamp' });
    bench.cloud.knobs.delayRepliesMs = 300;
    const posted = once(bench.lamp, 'post');
    const caught = errorFor({ payload: { Brightness: 1 } });
    await posted;
    const property = node('property');
    const begin = performance.now();
    await property.close(false);
    assert.ok(performance.now() - begin < 200, 'the deploy waited for the reply');
    const out = collect('out');
    assert.equal((await caught).code, 'CANCELLED');
    node('other').receive({ payload: { Brightness: 2 } });
    // Its reply comes after the first one.
    await statusText('other', 'aliyun-property.status.done');
    assert.deepEqual(out, []);
  });

  describe('passes a property set on', () => {
    it('at output 2, and answers it by itself', async () => {
      await loadConnected();
      const set = nextMessage('out2');
      const out = collect('out');
      const answer = bench.lamp.setProperties({ Power: 1 });
      const { payload, aliyun, _msgid } = await set;
      assert.deepEqual(payload, { Power: 1 });
      assert.ok(_msgid);
      const { id, ...request } = aliyun as Record<string, unknown>;
      assert.match(String(id), /^\d+$/);
      assert.deepEqual(request, {
        method: 'thing.service.property.set',
        topic: '/sys/a1b2c3d4e5f/lamp-1/thing/service/property/set',
      });
      assert.deepEqual(await answer, { code: 200, data: {} });
      assert.deepEqual(out, []);
    });

    it('to aliyun-reply where it shall be answered by the flow, with msg.code', async () => {
      await bench.load([
        propertyNode({ reply: 'manual', wires: [['out'], ['decide']] }),
        { id: 'decide', type: 'helper', wires: [['reply']] },
        { id: 'reply', type: 'aliyun-reply', device: 'lamp' },
        ...sinks('reply'),
      ]);
      await statusText('property', 'aliyun-property.status.connected');
      const set = nextMessage('decide');
      const answer = bench.lamp.setProperties({ Power: 7 });
      const completed = nextMessage('completed');
      node('decide').send({ ...(await set), payload: {}, code: 100_001 } as never);
      assert.deepEqual(await answer, { code: 100_001, data: {} });
      await completed;
    });

    it('to two nodes, and gives one answer: that of the manual one', async () => {
      await bench.load([
        propertyNode(),
        { id: 'manual', type: 'aliyun-property', device: 'lamp', reply: 'manual', wires: [[], ['reply']] },
        { id: 'reply', type: 'aliyun-reply', device: 'lamp' },
        ...sinks('reply'),
      ]);
      await statusText('property', 'aliyun-property.status.connected');
      const answers: number[] = [];
      bench.lamp.on('reply', ({ code }) => answers.push(code));
      const automatic = nextMessage('out2');
      const completed = nextMessage('completed');
      assert.deepEqual(await bench.lamp.setProperties({ Power: 1 }), { code: 200, data: { Power: 1 } });
      assert.deepEqual((await automatic).payload, { Power: 1 });
      await completed;
      // Anything that was sent before this post has arrived, too.
      await answerTo({ payload: { Power: 1 } });
      assert.deepEqual(answers, [200]);
    });

    it('no more after the node is gone', async () => {
      await loadConnected({ id: 'other', type: 'aliyun-property', device: 'lamp', wires: [[], ['out']] });
      await node('property').close(false);
      const [gone, other] = [collect('out2'), nextMessage('out')];
      assert.equal((await bench.lamp.setProperties({ Power: 0 })).code, 200);
      assert.deepEqual((await other).payload, { Power: 0 });
      assert.deepEqual(gone, []);
    });
  });
});
