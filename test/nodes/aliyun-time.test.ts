import assert from 'node:assert/strict';
import { lights, sinks, useCloud } from '../support/aliyun';
import { nextError, nextMessage, node, statusText } from '../support/flow';

describe('aliyun-time', () => {
  const bench = useCloud();
  const HOUR_MS = 3_600_000;

  const loadNode = (lamp = bench.lampNode()) => {
    const time = { id: 'time', type: 'aliyun-time', device: 'lamp', wires: [['out']] };
    return bench.load([time, ...sinks('time')], undefined, lamp);
  };
  function answerTo(message: Record<string, unknown>) {
    const out = nextMessage('out');
    node('time').receive(message as never);
    return out;
  }

  it('puts out the time of the cloud, and keeps the message', async () => {
    bench.cloud.knobs.clockSkewMs = HOUR_MS;
    await loadNode();
    await statusText('time', 'aliyun-time.status.connected');
    const completed = nextMessage('completed');
    const message = await answerTo({ payload: '', topic: 'lamp', req: 7 });
    const { time, offsetMs, roundTripMs } = message.aliyun as Record<string, number>;
    assert.equal(message.payload, time);
    assert.ok(Math.abs(Number(message.payload) - Date.now() - HOUR_MS) < 1000, String(message.payload));
    assert.ok(Math.abs(Number(offsetMs) - HOUR_MS) < 1000, String(offsetMs));
    assert.ok(Number(roundTripMs) >= 0 && Number(roundTripMs) < 1000, String(roundTripMs));
    assert.deepEqual([message.topic, message.req], ['lamp', 7]);
    assert.equal((await completed)._msgid, message._msgid);
    assert.equal(lights('time').at(-1), 'green dot aliyun-time.status.done');
  });

  it('answers a message that comes before the connection, and each of several', async () => {
    await loadNode();
    const answers: unknown[] = [];
    const all = new Promise<void>((resolve) => {
      node('out').on('input', ({ payload }) => {
        if (answers.push(payload) === 3) resolve();
      });
    });
    for (let time = 0; time < 3; time += 1) node('time').receive({} as never);
    await all;
    for (const time of answers) assert.ok(Math.abs(Number(time) - Date.now()) < 1000);
  });

  it('fails with TRANSPORT when the cloud is not reached in time', async () => {
    await loadNode(bench.lampNode({ endpoint: '127.0.0.1:1', timeoutMs: 200 }));
    const caught = nextError('errors');
    node('time').receive({ payload: 1 } as never);
    const { code, message, at } = await caught;
    assert.equal(code, 'TRANSPORT');
    assert.match(message, /time was not sent: lamp-1 .*could not connect/);
    assert.equal(at.payload, 1);
    assert.equal(lights('time').includes('red dot aliyun-time.status.failed'), true);
  });
});
