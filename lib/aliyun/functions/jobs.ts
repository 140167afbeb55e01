/**
 * Jobs: work that the cloud orders from many devices, each of which takes it and tells how it goes.
 *
 *   down  SYS/thing/job/notify   {task: {taskId, status, jobDocument, jobFile?}}    answer on …_reply
 *   up    SYS/thing/job/get      {taskId: id | "$next"}                            reply {taskId, task?}
 *                                {taskId: "$list"}                                 reply {taskId, tasks: [{taskId, status}, …]}
 *   up    SYS/thing/job/update   {taskId, status, progress, statusDetails?}        reply {taskId}
 *
 * Source: Alibaba Cloud IoT Platform, "Device jobs"; the task component of the vendor's C SDK 4.
 */
import { MialinkError } from '../../errors';
import { isRecord, type Json } from '../../untrusted';
import type { CloudReply } from '../alink';
import type { CloudChannel } from '../channel';

/** What a device may say of a job; the other states are the cloud's. */
export const JOB_STATUSES: readonly string[] = ['IN_PROGRESS', 'SUCCEEDED', 'FAILED', 'REJECTED'];

export interface JobUpdate {
  taskId: string;
  /** One of `JOB_STATUSES`. */
  status: string;
  /** Whole percent, 0 to 100. */
  progress?: number;
  /** Whatever the job's author wants to know. */
  statusDetails?: Record<string, unknown>;
}

const BAD_PARAMETER = 460;

/** The job of this id; `$next` (default): the next one to do; `$list`: those that are open. As the cloud tells it. */
export function getJob(channel: CloudChannel, taskId = '$next'): Promise<CloudReply> {
  return channel.request('thing.job.get', { taskId }, { operation: 'job get' });
}

/** Rejects with `settingInvalid` (CONFIG) for a missing id, another status or a progress that is no percentage. */
export async function updateJob(channel: CloudChannel, update: JobUpdate): Promise<CloudReply> {
  const { taskId, status, progress, statusDetails } = update;
  const refuse = (field: string, rule: string, value: unknown) =>
    new MialinkError('settingInvalid', { device: channel.label, field, rule, value: String(value) });
  if (!taskId) throw refuse('taskId', 'the id of a job', taskId);
  if (!JOB_STATUSES.includes(status)) throw refuse('status', `one of ${JOB_STATUSES.join(', ')}`, status);
  if (progress !== undefined && !(Number.isInteger(progress) && progress >= 0 && progress <= 100)) {
    throw refuse('progress', 'a whole percentage from 0 to 100', progress);
  }
  const params = {
    taskId,
    status,
    ...(progress === undefined ? undefined : { progress }),
    ...(statusDetails === undefined ? undefined : { statusDetails }),
  };
  return channel.request('thing.job.update', params, { operation: 'job update' });
}

/** Calls `handler` with each job that the cloud orders, `{taskId, status, jobDocument, …}`. Returns how to stop that. */
export function onJob(channel: CloudChannel, handler: (job: Json) => void): () => void {
  return channel.serve('thing.job.notify', ({ params }) => {
    const job = isRecord(params) ? params.task : undefined;
    if (!isRecord(job) || typeof job.taskId !== 'string') return { code: BAD_PARAMETER };
    handler(job);
    return undefined;
  });
}
