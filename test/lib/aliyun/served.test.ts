/** The cloud's other requests: handed to whoever serves them, and answered once. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AliyunDevice } from '../../../lib/aliyun';
import { acknowledged, Bench, problemOf, settle, statesOf, sys, untilState } from './bench';

describe('Aliyun requests of the cloud', () => {
  let bench: Bench;
  let device: AliyunDevice;

  beforeEach(async () => {
    bench = await Bench.start();
    device = await bench.connectedDevice();
  });
  afterEach(() => bench.close());

  const topic = `${sys}/thing/job/notify`;
  const ask = (message: object | string) =>
    bench.lamp.publish(topic, typeof message === 'string' ? message : JSON.stringify(message));
  /** What the device answers to what was asked until now. */
  const answersTo = async (...messages: (object | string)[]) => {
    const seen: unknown[] = [];
    const note = ({
      topic: at,
      id,
      code,
      data,
    }: {
      topic: string;
      id: string;
      code: number;
      data: unknown;
    }) => {
      if (at === `${topic}_reply`) seen.push({ id, code, data });
    };
    bench.lamp.on('reply', note);
    for (const message of messages) ask(message);
    await settle(bench.lamp);
    bench.lamp.off('reply', note);
    return seen;
  };

  it('are answered 200, with the data that a handler gives', async () => {
    device.serve('thing.job.notify', ({ params }) => ({ data: { taken: params } }));
    assert.deepEqual(await answersTo({ id: '7', params: { taskId: 't' } }), [
      { id: '7', code: 200, data: { taken: { taskId: 't' } } },
    ]);
  });

  it('are answered once when two serve them, with the code of the one who refuses', async () => {
    device.serve('thing.job.notify', () => undefined);
    device.serve('thing.job.notify', () => ({ code: 429 }));
    assert.deepEqual(await answersTo({ id: '7', params: {} }), [{ id: '7', code: 429, data: {} }]);
  });

  it('are handed out and answered once, though they come twice', async () => {
    let calls = 0;
    device.serve('thing.job.notify', () => {
      calls += 1;
      return undefined;
    });
    const answers = await answersTo({ id: '7', params: {} }, { id: '7', params: {} });
    assert.deepEqual([calls, answers.length], [1, 1]);
  });

  it('are answered 500 when a handler fails', async () => {
    device.serve('thing.job.notify', () => {
      throw new Error('no');
    });
    device.serve('thing.job.notify', async () => {
      throw new Error('no');
    });
    assert.deepEqual(await answersTo({ id: '7', params: {} }), [{ id: '7', code: 500, data: {} }]);
  });

  it('are answered 460 when they are malformed but have an id, and else not at all', async () => {
    device.serve('thing.job.notify', () => assert.fail('nothing is to be handed out'));
    assert.deepEqual(await answersTo('', '[]', '{"params":{}}', { id: '7', method: 5 }), [
      { id: '7', code: 460, data: {} },
    ]);
  });

  it('are not answered when nobody serves them, and no longer by whoever has stopped', async () => {
    const stop = device.serve('thing.job.notify', () => undefined);
    stop();
    assert.deepEqual(await answersTo({ id: '7', params: {} }), []);
  });

  it('may have any params, of which each handler gets its own', async () => {
    const given: unknown[] = [];
    for (let user = 0; user < 2; user++) {
      device.serve('thing.job.notify', ({ params }) => {
        given.push(structuredClone(params));
        if (Array.isArray(params)) params.length = 0;
        return undefined;
      });
    }
    await answersTo({ id: '7', params: [1, 2] });
    assert.deepEqual(given, [
      [1, 2],
      [1, 2],
    ]);
  });

  describe('to switch the device off', () => {
    const order = async (method: string) => {
      const replied = once(bench.lamp, 'reply');
      bench.lamp.publish(`${sys}/thing/${method}`, '{"id":"1","params":{},"version":"1.0"}');
      const [{ topic: at, code }] = await replied;
      assert.deepEqual([at, code], [`${sys}/thing/${method}_reply`, 200]);
    };

    it('are obeyed, answered and told, until it is switched on again', async () => {
      const states = statesOf(device);
      await order('disable');
      assert.equal(device.state, 'disabled');
      assert.equal((await problemOf(device.postProperties({ a: 1 }))).reason, 'deviceDisabled');
      assert.equal((await problemOf(device.publish('/x', {}))).reason, 'deviceDisabled');
      await order('enable');
      assert.equal((await acknowledged(device.postProperties({ a: 1 }))).code, 200);
      assert.deepEqual(states, ['disabled', 'connected']);
    });

    it('say why it is not connected afterwards', async () => {
      await order('delete');
      bench.lamp.disabled = true;
      bench.lamp.cut();
      const problem = await untilProblem(device);
      assert.equal(problem, 'deviceDeleted');
      assert.equal(device.state, 'deleted');
    });

    it('are forgotten when the cloud lets it in again', async () => {
      await order('disable');
      bench.lamp.cut();
      await untilState(device, 'connected');
      assert.equal((await acknowledged(device.postProperties({ a: 1 }))).code, 200);
    });
  });
});

/** Why it is not connected, after its connection was lost. */
async function untilProblem(device: AliyunDevice): Promise<string | undefined> {
  await once(device, 'state');
  return device.problem?.reason;
}
