import assert from 'node:assert/strict';
import { collect, lights, sinks, useCloud } from '../support/aliyun';
import { nextError, nextMessage, node, statusText } from '../support/flow';

describe('aliyun-event', () => {
  const bench = useCloud();

  async function loadConnected(fields: Record<string, unknown> = {}) {
    const event = {
      id: 'event',
      type: 'aliyun-event',
      device: 'lamp',
      event: 'overheated',
      wires: [['out']],
    };
    await bench.load([{ ...event, ...fields }, ...sinks('event')]);
    await statusText('event', 'aliyun-event.status.connected');
  }
  function answerTo(message: Record<string, unknown>) {
    const out = nextMessage('out');
    node('event').receive(message as never);
    return out;
  }
  function errorFor(message: Record<string, unknown>) {
    const caught = nextError('errors');
    node('event').receive(message as never);
    return caught;
  }

  it('reports the event of its field with the payload as output parameters, and keeps the message', async () => {
    await loadConnected();
    const completed = nextMessage('completed');
    const message = await answerTo({ payload: { temperature: 91.5 }, topic: 'lamp', req: 7 });
    const [event] = bench.lamp.events;
    assert.deepEqual([event?.identifier, event?.params], ['overheated', { temperature: 91.5 }]);
    assert.ok(Math.abs(Date.now() - (event?.time ?? 0)) < 5_000);
    assert.deepEqual(message.payload, {});
    assert.deepEqual([message.topic, message.req], ['lamp', 7]);
    const id = bench.lamp.posts.at(-1)?.id;
    assert.deepEqual(message.aliyun, { id, code: 200, message: 'success' });
    assert.equal((await completed)._msgid, message._msgid);
    assert.equal(lights('event').at(-1), 'green dot aliyun-event.status.done');
  });

  it('reports an event without parameters where the payload is blank', async () => {
    await loadConnected();
    for (const message of [{}, { payload: '' }, { payload: null }, { payload: {} }]) await answerTo(message);
    assert.deepEqual(
      bench.lamp.events.map(({ params }) => params),
      [{}, {}, {}, {}],
    );
  });

  it('takes the event from the message where its field is blank', async () => {
    await loadConnected({ event: ' ' });
    await answerTo({ event: 'opened', payload: {} });
    await answerTo({ event: 'door:closed', payload: {} });
    assert.deepEqual(
      bench.lamp.events.map(({ identifier }) => identifier),
      ['opened', 'door:closed'],
    );
  });

  it('prefers its own event to that of the message', async () => {
    await loadConnected();
    await answerTo({ event: 'opened' });
    assert.equal(bench.lamp.events[0]?.identifier, 'overheated');
  });

  it('fails with CONFIG where no event is named, or one that cannot be', async () => {
    await loadConnected({ event: '' });
    const missing = await errorFor({ payload: {} });
    assert.equal(missing.code, 'CONFIG');
    assert.match(missing.message, /lamp-1 .*event is missing.*msg\.event/);

    const invalid = await errorFor({ event: 'a/../b', payload: {} });
    assert.equal(invalid.code, 'CONFIG');
    assert.match(invalid.message, /lamp-1 .*event must be an identifier.*not a\/\.\.\/b/);
    assert.deepEqual(bench.lamp.posts, []);
  });

  it('fails with CONFIG for a payload that holds no parameters, and says what would', async () => {
    await loadConnected();
    for (const [payload, type] of [
      [5, 'number'],
      [false, 'boolean'],
      ['hot', 'string'],
      [[1], 'such an array'],
      [Buffer.from('x'), 'a Buffer'],
    ] as const) {
      const { code, message } = await errorFor({ payload });
      assert.equal(code, 'CONFIG');
      const text = `payload of the event must be an object {parameter: value}, not ${type}`;
      assert.ok(message.includes(text), message);
    }
    assert.deepEqual(bench.lamp.posts, []);
  });

  it('fails with DEVICE when the cloud refuses, its code in text and msg.aliyun, and sends nothing', async () => {
    await loadConnected();
    bench.cloud.knobs.replyCode = 6320;
    const out = collect('out');
    const { code, message, at } = await errorFor({ topic: 't', payload: { temperature: 1 } });
    assert.equal(code, 'DEVICE');
    assert.match(message, /lamp-1 .*event overheated.*6320 refused by the simulated cloud/);
    assert.deepEqual(at.aliyun, { code: 6320, message: 'refused by the simulated cloud' });
    assert.equal(at.topic, 't');
    assert.deepEqual(out, []);
    assert.equal(lights('event').at(-1), 'red dot aliyun-event.status.failed');
  });
});
