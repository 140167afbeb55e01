import assert from 'node:assert/strict';
import { collect, lights, sinks, useCloud } from '../support/aliyun';
import { nextError, nextMessage, node, statusText } from '../support/flow';

describe('aliyun-shadow', () => {
  const bench = useCloud();

  async function loadConnected(fields: Record<string, unknown> = {}) {
    const shadow = { id: 'shadow', type: 'aliyun-shadow', device: 'lamp', wires: [['out'], ['out2']] };
    await bench.load([{ ...shadow, ...fields }, ...sinks('shadow')]);
    await statusText('shadow', 'aliyun-shadow.status.connected');
  }
  function answerTo(message: Record<string, unknown>) {
    const out = nextMessage('out');
    node('shadow').receive(message as never);
    return out;
  }
  function errorFor(message: Record<string, unknown>) {
    const caught = nextError('errors');
    node('shadow').receive(message as never);
    return caught;
  }
  const control = () => nextMessage('out2');

  it('reports the payload, and keeps the message', async () => {
    await loadConnected();
    const completed = nextMessage('completed');
    const message = await answerTo({ payload: { color: 'red', power: 1 }, topic: 'lamp', req: 7 });
    assert.deepEqual(bench.lamp.shadow.reported, { color: 'red', power: 1 });
    assert.deepEqual([message.payload, message.topic, message.req], [{}, 'lamp', 7]);
    const { version, timestamp } = message.aliyun as { version: number; timestamp: number };
    assert.equal(version, 1);
    assert.ok(Math.abs(Date.now() / 1000 - timestamp) < 5);
    assert.equal((await completed)._msgid, message._msgid);
    assert.equal(lights('shadow').at(-1), 'green dot aliyun-shadow.status.done');
  });

  it('asks for the document', async () => {
    await loadConnected();
    await answerTo({ payload: { color: 'red' } });
    const wished = control();
    bench.lamp.wish({ color: 'blue' });
    await wished;
    const { payload, aliyun } = await answerTo({ operation: 'get', payload: 'whatever' });
    assert.deepEqual(payload, { reported: { color: 'red' }, desired: { color: 'blue' } });
    const { version, metadata } = aliyun as Record<string, unknown>;
    assert.deepEqual([version, metadata], [2, bench.lamp.shadow.metadata]);
  });

  it('puts out what is wished, and lets it be forgotten', async () => {
    await loadConnected();
    const wished = control();
    bench.lamp.wish({ color: 'green', level: 3 });
    const { payload, aliyun } = await wished;
    assert.deepEqual(payload, { color: 'green', level: 3 });
    const { version, state, metadata } = aliyun as Record<string, unknown>;
    assert.deepEqual([version, state], [1, { reported: {}, desired: { color: 'green', level: 3 } }]);
    assert.deepEqual(metadata, bench.lamp.shadow.metadata);
    assert.deepEqual((await answerTo({ operation: 'clear' })).payload, {});
    assert.deepEqual(bench.lamp.shadow.desired, {});
  });

  it('deletes what was reported, by name or all of it', async () => {
    await loadConnected();
    await answerTo({ payload: { a: 1, b: 2, c: 3 } });
    await answerTo({ operation: 'delete', payload: ['a', 'b'] });
    assert.deepEqual(bench.lamp.shadow.reported, { c: 3 });
    await answerTo({ operation: 'delete', payload: '' });
    assert.deepEqual(bench.lamp.shadow.reported, {});
  });

  it('takes the operation of its field before that of the message', async () => {
    await loadConnected({ operation: 'get' });
    const { payload } = await answerTo({ operation: 'delete', payload: ['a'] });
    assert.deepEqual(payload, { reported: {}, desired: {} });
  });

  it('takes the version of the message, else the next', async () => {
    await loadConnected();
    await answerTo({ payload: { a: 1 }, version: 40 });
    assert.equal(bench.lamp.shadow.version, 40);
    await answerTo({ payload: { a: 2 } });
    assert.equal(bench.lamp.shadow.version, 41);
    await answerTo({ payload: { a: 3 }, version: '-1' });
    assert.equal(bench.lamp.shadow.version, 0);
  });

  it('takes the version of its field before that of the message', async () => {
    await loadConnected({ version: '77' });
    await answerTo({ payload: { a: 4 }, version: 50 });
    assert.equal(bench.lamp.shadow.version, 77);
  });

  it('works at once with many messages, and after the cloud’s side has changed the document', async () => {
    await loadConnected();
    const out = collect('out');
    for (let time = 0; time < 10; time += 1) {
      node('shadow').receive({ payload: { time } } as never);
      if (time === 5) bench.lamp.wish({ time: 99 });
    }
    while (out.length < 10) await nextMessage('out');
    assert.deepEqual(bench.lamp.shadow.reported, { time: 9 });
  });

  it('fails with DEVICE at a version conflict, with the cloud’s words and what to do', async () => {
    await loadConnected();
    await answerTo({ payload: { a: 1 }, version: 9 });
    const { code, message, at } = await errorFor({ payload: { a: 2 }, version: 5, topic: 't' });
    assert.equal(code, 'DEVICE');
    assert.match(message, /lamp-1 .*refused shadow update: 409 version conflict.*leave the version out/);
    const { code: peerCode, message: words } = at.aliyun as { code: number; message: string };
    assert.equal(peerCode, 409);
    assert.match(words, /version conflict/);
    assert.equal(at.topic, 't');
    assert.equal(lights('shadow').at(-1), 'red dot aliyun-shadow.status.failed');
    await answerTo({ payload: { a: 3 } });
    assert.deepEqual(bench.lamp.shadow.reported, { a: 3 });
  });

  it('fails with CONFIG for what it cannot do, and says what it can', async () => {
    await loadConnected();
    for (const [message, text] of [
      [{ operation: 'destroy' }, 'msg.operation destroy is unknown; use one of get, update, delete, clear'],
      [{ operation: 'constructor' }, 'msg.operation constructor is unknown'],
      [{ payload: 5 }, 'payload of shadow update must be an object {name: value}, not number'],
      [{ payload: {} }, 'not an empty object'],
      [
        { operation: 'delete', payload: [] },
        'must be an array of names, or blank for all, not an empty array',
      ],
      [{ operation: 'delete', payload: [5] }, 'not such an array'],
      [{ operation: 'delete', payload: 1469564576 }, 'not number'],
      [{ payload: { a: 1 }, version: 'new' }, 'version must be a whole number'],
      [{ payload: { a: undefined } }, 'something JSON can express'],
    ] as const) {
      const error = await errorFor(message);
      assert.equal(error.code, 'CONFIG');
      assert.ok(error.message.includes('lamp-1') && error.message.includes(text), error.message);
    }
    assert.deepEqual([bench.lamp.shadow.version, bench.lamp.shadow.reported], [0, {}]);
  });
});
