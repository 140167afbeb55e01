/** The jobs of a device in the simulated cloud: told, asked for, updated, cancelled. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { MqttClient } from 'mqtt';
import { answering, ask, request, SYS, useCloud } from './cloud-clients';

describe('the jobs of a device in the simulated cloud', () => {
  const run = useCloud();
  const document = { step: 1 };

  const get = (client: MqttClient, taskId: string) =>
    ask(client, 'thing/job/get', request('thing.job.get', { taskId }));
  const update = (client: MqttClient, params: object) =>
    ask(client, 'thing/job/update', request('thing.job.update', params));

  it('are told to a device that listens', async () => {
    const calls = answering(await run.clients.subscribed(`${SYS}thing/job/+`));
    const replied = once(run.lamp, 'reply');
    const jobFile = { signMethod: 'Md5', sign: 'ff', fileUrl: 'https://127.0.0.1/x' };
    const { taskId } = run.lamp.createJob(document, jobFile);
    await replied;
    assert.equal(calls[0]?.topic, `${SYS}thing/job/notify`);
    assert.deepEqual(calls[0]?.params, { task: { taskId, status: 'SENT', jobDocument: document, jobFile } });
    assert.equal(run.lamp.jobs[0]?.status, 'SENT');
  });

  it('are told once to a device that comes later', async () => {
    const job = run.lamp.createJob(document);
    assert.equal(job.status, 'QUEUED');
    const client = await run.clients.connect();
    const calls = answering(client);
    const replied = once(run.lamp, 'reply');
    await client.subscribeAsync(`${SYS}thing/job/+`);
    await replied;
    await client.subscribeAsync(`${SYS}thing/service/+`);
    await get(client, '$list');
    assert.deepEqual([job.status, calls.length], ['SENT', 1]);
  });

  it('are asked for by id, as the next one and as a list', async () => {
    const first = run.lamp.createJob(document);
    const second = run.lamp.createJob({ step: 2 });
    const client = await run.clients.subscribed(`${SYS}thing/job/get_reply`);
    const { data } = await get(client, second.taskId);
    const task = { taskId: second.taskId, status: 'SENT', jobDocument: { step: 2 } };
    assert.deepEqual(data, { taskId: second.taskId, task });
    assert.equal((await get(client, '$next')).data.task.taskId, first.taskId);
    first.status = 'SUCCEEDED';
    assert.equal((await get(client, '$next')).data.task.taskId, second.taskId);
    assert.deepEqual((await get(client, '$list')).data.tasks, [
      { taskId: first.taskId, status: 'SUCCEEDED' },
      { taskId: second.taskId, status: 'SENT' },
    ]);
    assert.deepEqual((await get(client, 'unknown')).data, { taskId: 'unknown' });
  });

  it('follow the status that the device reports, to the end', async () => {
    const job = run.lamp.createJob(document);
    const { taskId } = job;
    const client = await run.clients.subscribed(`${SYS}thing/job/update_reply`);
    const going = { taskId, status: 'IN_PROGRESS', progress: 40, statusDetails: { at: 'x' } };
    assert.deepEqual((await update(client, going)).data, { taskId });
    assert.deepEqual([job.status, job.progress, job.statusDetails], ['IN_PROGRESS', 40, { at: 'x' }]);
    assert.equal((await update(client, { taskId, status: 'SUCCEEDED' })).code, 200);
    assert.equal((await update(client, going)).code, 460);
    assert.equal(job.status, 'SUCCEEDED');
  });

  it('refuse what is no report, and change nothing', async () => {
    const job = run.lamp.createJob(document);
    const { taskId } = job;
    const client = await run.clients.subscribed(`${SYS}thing/job/update_reply`);
    const wrong = [
      { taskId: 'unknown', status: 'FAILED' },
      { taskId, status: 'DONE' },
      { taskId, status: 'CANCELLED' },
      { taskId, status: 'IN_PROGRESS', progress: 101 },
      { taskId, status: 'IN_PROGRESS', progress: '5' },
      { taskId, status: 'IN_PROGRESS', statusDetails: 'x' },
    ];
    for (const params of wrong) assert.equal((await update(client, params)).code, 460);
    assert.equal(job.status, 'QUEUED');
  });

  it('are cancelled by the cloud, which tells the device', async () => {
    const { taskId } = run.lamp.createJob(document);
    const client = await run.clients.connect();
    const calls = answering(client);
    const told = once(run.lamp, 'reply');
    await client.subscribeAsync(`${SYS}thing/job/+`);
    await told;
    const toldAgain = once(run.lamp, 'reply');
    run.lamp.cancelJob(taskId);
    await toldAgain;
    assert.deepEqual(calls[1]?.params, { task: { taskId, status: 'CANCELLED', jobDocument: document } });
    assert.throws(() => run.lamp.cancelJob(taskId), /no open job/);
  });
});
