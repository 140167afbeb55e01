import assert from 'node:assert/strict';
import { collect, lights, sinks, useCloud } from '../support/aliyun';
import { nextError, nextMessage, node, statusText } from '../support/flow';

describe('aliyun-tag', () => {
  const bench = useCloud();

  async function loadConnected(fields: Record<string, unknown> = {}) {
    const tag = { id: 'tag', type: 'aliyun-tag', device: 'lamp', wires: [['out']] };
    await bench.load([{ ...tag, ...fields }, ...sinks('tag')]);
    await statusText('tag', 'aliyun-tag.status.connected');
  }
  function answerTo(message: Record<string, unknown>) {
    const out = nextMessage('out');
    node('tag').receive(message as never);
    return out;
  }
  function errorFor(message: Record<string, unknown>) {
    const caught = nextError('errors');
    node('tag').receive(message as never);
    return caught;
  }

  it('sets the tags of the payload, and keeps the message', async () => {
    await loadConnected();
    const completed = nextMessage('completed');
    const message = await answerTo({ payload: { room: '客厅', floor: 3 }, topic: 'lamp', req: 7 });
    assert.deepEqual(
      [...bench.lamp.tags],
      [
        ['room', '客厅'],
        ['floor', '3'],
      ],
    );
    assert.deepEqual([message.payload, message.topic, message.req], [{}, 'lamp', 7]);
    const id = bench.lamp.posts.at(-1)?.id;
    assert.deepEqual(message.aliyun, { id, code: 200, message: 'success' });
    assert.equal((await completed)._msgid, message._msgid);
    assert.equal(lights('tag').at(-1), 'green dot aliyun-tag.status.done');
  });

  it('gets tags as an object, by one key or several', async () => {
    await loadConnected();
    await answerTo({ payload: { room: 'attic', floor: '3' } });
    const several = await answerTo({ operation: 'get', payload: ['room', 'floor', 'wall'] });
    assert.deepEqual(several.payload, { room: 'attic', floor: '3' });
    assert.deepEqual((await answerTo({ operation: 'get', payload: 'room' })).payload, { room: 'attic' });
  });

  it('deletes tags, by one key or several', async () => {
    await loadConnected();
    await answerTo({ payload: { a: '1', b: '2', c: '3', d: '4' } });
    await answerTo({ operation: 'delete', payload: ['a', 'b', 'none'] });
    assert.deepEqual([...bench.lamp.tags.keys()], ['c', 'd']);
    await answerTo({ operation: 'delete', payload: 'c' });
    assert.deepEqual([...bench.lamp.tags.keys()], ['d']);
  });

  it('takes the operation of its field before that of the message', async () => {
    await loadConnected({ operation: 'get' });
    const { payload } = await answerTo({ operation: 'delete', payload: ['room'] });
    assert.deepEqual(payload, {});
    assert.equal(bench.lamp.posts.at(-1)?.method, 'thing.deviceinfo.get');
  });

  it('fails with CONFIG for what the cloud would not take, names key and rule, and sends nothing', async () => {
    await loadConnected();
    for (const [message, text] of [
      [{ payload: { 'living room': 'x' } }, 'the tag living room was not sent: a key has 1 to 30 letters'],
      [
        { payload: { room: 'x'.repeat(129) } },
        'the tag room was not sent: a value is text of 1 to 128 characters',
      ],
      [{ payload: {} }, 'payload of tag update must be 1 to 200 tags, not 0'],
      [{ payload: 'room' }, 'payload of tag update must be an object {key: value}, not string'],
      [{ operation: 'get', payload: Array(11).fill('a') }, 'payload of tag get must be 1 to 10 tags, not 11'],
      [{ operation: 'get', payload: '' }, 'was not sent: a key has 1 to 30 letters'],
      [
        { operation: 'delete', payload: { room: 'x' } },
        'must be a key, or an array of keys, not such an object',
      ],
      [{ operation: 'forget', payload: 'room' }, 'forget is unknown; use one of update, delete, get'],
    ] as const) {
      const error = await errorFor(message);
      assert.equal(error.code, 'CONFIG');
      assert.ok(error.message.includes('lamp-1') && error.message.includes(text), error.message);
    }
    assert.deepEqual(bench.lamp.posts, []);
  });

  it('fails with DEVICE when the cloud refuses, its code in text and msg.aliyun, and sends nothing on', async () => {
    await loadConnected();
    bench.cloud.knobs.replyCode = 460;
    const out = collect('out');
    const { code, message, at } = await errorFor({ topic: 't', payload: { room: 'attic' } });
    assert.equal(code, 'DEVICE');
    assert.match(message, /lamp-1 .*refused tag update: 460/);
    assert.deepEqual([(at.aliyun as { code: number }).code, at.topic], [460, 't']);
    assert.deepEqual(out, []);
    assert.equal(lights('tag').at(-1), 'red dot aliyun-tag.status.failed');
  });
});
