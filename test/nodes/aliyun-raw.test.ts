import assert from 'node:assert/strict';
import { runInNewContext } from 'node:vm';
import { collect, lights, sinks, useCloud } from '../support/aliyun';
import { nextError, nextMessage, node, statusText } from '../support/flow';

describe('aliyun-raw', () => {
  const bench = useCloud();

  async function loadConnected(fields: Record<string, unknown> = {}) {
    const raw = { id: 'raw', type: 'aliyun-raw', device: 'lamp', wires: [['out'], ['out2']] };
    await bench.load([{ ...raw, ...fields }, ...sinks('raw')]);
    await statusText('raw', 'aliyun-raw.status.connected');
  }
  function answerTo(message: Record<string, unknown>) {
    const out = nextMessage('out');
    node('raw').receive(message as never);
    return out;
  }
  function errorFor(message: Record<string, unknown>) {
    const caught = nextError('errors');
    node('raw').receive(message as never);
    return caught;
  }

  it('sends the bytes of the payload, puts out those of the reply, and keeps the message', async () => {
    await loadConnected();
    bench.lamp.onRaw = (bytes) => Buffer.from([...bytes].reverse());
    const completed = nextMessage('completed');
    const message = await answerTo({ payload: Buffer.from('00ff02', 'hex'), topic: 'lamp', req: 7 });
    assert.deepEqual(bench.lamp.rawPosts, [Buffer.from('00ff02', 'hex')]);
    assert.deepEqual(message.payload, Buffer.from('02ff00', 'hex'));
    assert.deepEqual([message.topic, message.req], ['lamp', 7]);
    assert.equal((await completed)._msgid, message._msgid);
    assert.equal(lights('raw').at(-1), 'green dot aliyun-raw.status.done');
  });

  it('takes text as UTF-8, and an array of bytes', async () => {
    await loadConnected();
    await answerTo({ payload: 'aé' });
    await answerTo({ payload: [0, 255] });
    await answerTo({ payload: new Uint8Array([7]) });
    await answerTo({ payload: runInNewContext('new Uint8Array([8])') });
    assert.deepEqual(
      bench.lamp.rawPosts.map((bytes) => bytes.toString('hex')),
      ['61c3a9', '00ff', '07', '08'],
    );
  });

  it('gives each of several messages its own reply', async () => {
    await loadConnected();
    bench.lamp.onRaw = ([first = 0]) => Buffer.from([first + 100]);
    const out = collect('out');
    for (const byte of [1, 2, 3]) node('raw').receive({ payload: [byte], byte } as never);
    while (out.length < 3) await nextMessage('out');
    assert.deepEqual(
      out.map(({ payload, byte }) => [byte, (payload as Buffer)[0]]),
      [
        [1, 101],
        [2, 102],
        [3, 103],
      ],
    );
  });

  it('puts out the bytes that the cloud sends, which nobody answers', async () => {
    await loadConnected();
    const down = nextMessage('out2');
    const call = bench.lamp.callRaw(Buffer.from('beef', 'hex'), { timeoutMs: 200 });
    const { payload, operation } = await down;
    assert.deepEqual([payload, operation], [Buffer.from('beef', 'hex'), undefined]);
    await assert.rejects(call);
  });

  it('answers with the message that comes back, if the flow is to answer, and puts out nothing then', async () => {
    await loadConnected({ reply: 'manual', wires: [['out'], ['raw']] });
    const out = collect('out');
    const completed = nextMessage('completed');
    const answer = await bench.lamp.callRaw(Buffer.from('beef', 'hex'));
    assert.deepEqual(answer, Buffer.from('beef', 'hex'));
    await completed;
    assert.deepEqual(out, []);
    assert.deepEqual(bench.lamp.rawPosts, []);
  });

  it('fails with CONFIG for what are no bytes, and for an operation that it does not have', async () => {
    await loadConnected();
    const rule = 'must be a Buffer, text, or an array of bytes (0 to 255), not';
    for (const [message, text] of [
      [{ payload: 5 }, `${rule} number`],
      [{}, `${rule} undefined`],
      [{ payload: { a: 1 } }, `${rule} such an object`],
      [{ payload: [1, 256] }, `${rule} such an array`],
      [{ payload: ['1'] }, `${rule} such an array`],
      [{ payload: '' }, `${rule} an empty one`],
      [{ payload: 'x', operation: 'reply' }, 'msg.operation reply is unknown; use one of post'],
    ] as const) {
      const error = await errorFor(message);
      assert.equal(error.code, 'CONFIG');
      assert.ok(error.message.includes('lamp-1') && error.message.includes(text), error.message);
    }
    assert.deepEqual(bench.lamp.rawPosts, []);
  });

  it('fails with TIMEOUT when the cloud does not reply, and goes on', async () => {
    const raw = { id: 'raw', type: 'aliyun-raw', device: 'lamp', wires: [['out'], ['out2']] };
    await bench.load([raw, ...sinks('raw')], undefined, bench.lampNode({ timeoutMs: 200 }));
    await statusText('raw', 'aliyun-raw.status.connected');
    bench.lamp.onRaw = () => null;
    const { code, message } = await errorFor({ payload: 'x' });
    assert.equal(code, 'TIMEOUT');
    assert.match(message, /lamp-1 .*did not answer raw data within 200 ms/);
    bench.lamp.onRaw = (bytes) => bytes;
    assert.deepEqual((await answerTo({ payload: 'y' })).payload, Buffer.from('y'));
  });
});
