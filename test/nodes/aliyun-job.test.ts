import assert from 'node:assert/strict';
import { lights, sinks, useCloud } from '../support/aliyun';
import { nextError, nextMessage, node, statusText } from '../support/flow';

describe('aliyun-job', () => {
  const bench = useCloud();

  async function loadConnected() {
    const job = { id: 'job', type: 'aliyun-job', device: 'lamp', wires: [['out'], ['out2']] };
    await bench.load([job, ...sinks('job')]);
    await statusText('job', 'aliyun-job.status.connected');
  }
  const answerTo = (message: Record<string, unknown>) => {
    const out = nextMessage('out');
    node('job').receive(message as never);
    return out;
  };
  const errorFor = (message: Record<string, unknown>) => {
    const caught = nextError('errors');
    node('job').receive(message as never);
    return caught;
  };

  it('passes on a job that the cloud orders, and tells how it goes when the message comes back', async () => {
    await loadConnected();
    const ordered = nextMessage('out2');
    const job = bench.lamp.createJob({ colour: 'red' });
    const { payload, aliyun } = await ordered;
    assert.deepEqual(payload, { taskId: job.taskId, status: 'SENT', jobDocument: { colour: 'red' } });
    assert.deepEqual(aliyun, { taskId: job.taskId });

    const progress = { status: 'SUCCEEDED', progress: 100, statusDetails: { seen: 'yes' } };
    const reply = await answerTo({ operation: 'update', payload: progress, aliyun });
    assert.equal((reply.aliyun as { code: number }).code, 200);
    assert.deepEqual([job.status, job.progress, job.statusDetails], ['SUCCEEDED', 100, { seen: 'yes' }]);
    assert.equal(lights('job').at(-1), 'green dot aliyun-job.status.done');
  });

  it('keeps the job of a message, so that a flow may tell of it again and again, also after a failure', async () => {
    await loadConnected();
    const ordered = nextMessage('out2');
    const job = bench.lamp.createJob({});
    const message = await ordered;
    const first = await answerTo({ ...message, operation: 'update', payload: { status: 'IN_PROGRESS' } });
    assert.equal((first.aliyun as { code: number }).code, 200);
    const { at } = await errorFor({ ...first, payload: { status: 'DONE' } });
    await answerTo({ ...at, payload: { status: 'SUCCEEDED' } });
    assert.equal(job.status, 'SUCCEEDED');
  });

  it('asks for the next job, for one by its id and for the list', async () => {
    await loadConnected();
    const ordered = nextMessage('out2');
    const { taskId } = bench.lamp.createJob({ n: 1 });
    await ordered;
    const task = { taskId, status: 'SENT', jobDocument: { n: 1 } };
    assert.deepEqual((await answerTo({ payload: '' })).payload, { taskId: '$next', task });
    assert.deepEqual((await answerTo({ operation: 'get', payload: taskId })).payload, { taskId, task });
    assert.deepEqual((await answerTo({ payload: '$list' })).payload, {
      taskId: '$list',
      tasks: [{ taskId, status: 'SENT' }],
    });
  });

  it('refuses an update that says nothing the cloud knows', async () => {
    await loadConnected();
    for (const [payload, text] of [
      ['done', /an object \{taskId, status\}/],
      [{ status: 'SUCCEEDED' }, /taskId must be the id of a job/],
      [{ taskId: 't', status: 'DONE' }, /status must be one of IN_PROGRESS, SUCCEEDED, FAILED, REJECTED/],
      [{ taskId: 't', status: 'IN_PROGRESS', progress: 101 }, /progress must be a whole percentage/],
    ] as const) {
      const error = await errorFor({ operation: 'update', payload });
      assert.equal(error.code, 'CONFIG');
      assert.match(error.message, text);
    }
    assert.equal((await errorFor({ operation: 'do', payload: '' })).code, 'CONFIG');
    assert.deepEqual(bench.lamp.posts, []);
  });

  it('fails with DEVICE when there is no such job', async () => {
    await loadConnected();
    const update = { taskId: 'nobody', status: 'FAILED' };
    assert.equal((await errorFor({ operation: 'update', payload: update })).code, 'DEVICE');
  });
});
