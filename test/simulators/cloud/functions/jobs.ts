/**
 * The jobs of one device.
 *
 *   QUEUED --pushed--> SENT --update--> IN_PROGRESS --update--> SUCCEEDED | FAILED | REJECTED
 *                        \______________/ \--cancelled--> CANCELLED
 *
 *   down  thing/job/notify   params {"task":{"taskId","status","jobDocument","jobFile"?}}
 *   up    thing/job/get      params {"taskId":"$list"}   -> data {"taskId":"$list","tasks":[{"taskId","status"}]}
 *                            "$next" or an id            -> data {"taskId","task":{...}}, no task: {"taskId"}
 *   up    thing/job/update   params {"taskId","status","progress","statusDetails"}   -> data {"taskId"}
 *
 * Source: reference/aliyun.md 7, the vendor's page "device jobs". Which code refuses an update is not documented:
 * 460 here.
 */
import { randomBytes } from 'node:crypto';
import { isObject, type JsonObject, Refusal } from '../alink';
import { object, text } from '../params';
import type { Handlers } from '../requests';

export type JobStatus = 'QUEUED' | 'SENT' | 'IN_PROGRESS' | 'SUCCEEDED' | 'FAILED' | 'REJECTED' | 'CANCELLED';

export interface JobFile {
  signMethod: string;
  sign: string;
  fileUrl: string;
}

export interface Job {
  readonly taskId: string;
  status: JobStatus;
  readonly jobDocument: JsonObject;
  readonly jobFile?: JobFile;
  /** Percent. */
  progress: number;
  statusDetails: JsonObject;
}

const REPORTABLE = ['IN_PROGRESS', 'SUCCEEDED', 'FAILED', 'REJECTED'] as const;
const OPEN: JobStatus[] = ['QUEUED', 'SENT', 'IN_PROGRESS'];
const MAX_LISTED = 10;

export class Jobs {
  /** Oldest first. */
  readonly list: Job[] = [];

  readonly handlers: Handlers = {
    'thing/job/get': (params) => this.get(text(object(params).taskId, /./, 'taskId')),
    'thing/job/update': (params) => this.update(object(params)),
  };

  create(jobDocument: JsonObject, jobFile?: JobFile): Job {
    const taskId = randomBytes(10).toString('hex');
    const job: Job = { taskId, status: 'QUEUED', jobDocument, jobFile, progress: 0, statusDetails: {} };
    this.list.push(job);
    return job;
  }

  /** The jobs that the device has not been told yet; they count as told from now on. */
  takeQueued(): Job[] {
    const queued = this.list.filter(({ status }) => status === 'QUEUED');
    for (const job of queued) job.status = 'SENT';
    return queued;
  }

  /** Throws when it has ended, or never was. */
  cancel(taskId: string): Job {
    const job = this.list.find((one) => one.taskId === taskId);
    if (!job || !OPEN.includes(job.status)) throw new Error(`there is no open job ${taskId}`);
    job.status = 'CANCELLED';
    return job;
  }

  private get(taskId: string): object {
    if (taskId === '$list') {
      const tasks = this.list.slice(-MAX_LISTED).map(({ taskId, status }) => ({ taskId, status }));
      return { taskId, tasks };
    }
    const job =
      taskId === '$next'
        ? this.list.find(({ status }) => OPEN.includes(status))
        : this.list.find((one) => one.taskId === taskId);
    if (job?.status === 'QUEUED') job.status = 'SENT';
    return job ? { taskId, task: describeJob(job) } : { taskId };
  }

  private update({ taskId, status, progress = 0, statusDetails = {} }: JsonObject): object {
    const job = this.list.find((one) => one.taskId === taskId);
    if (!job) throw new Refusal(460, 'there is no such job');
    const reported = REPORTABLE.find((one) => one === status);
    if (!reported) throw new Refusal(460, `params: status must be one of ${REPORTABLE.join(', ')}`);
    if (!Number.isInteger(progress) || Number(progress) < 0 || Number(progress) > 100) {
      throw new Refusal(460, 'params: progress must be a whole number from 0 to 100');
    }
    if (!isObject(statusDetails)) throw new Refusal(460, 'params: statusDetails must be an object');
    if (!OPEN.includes(job.status)) throw new Refusal(460, `the job is ${job.status}`);
    Object.assign(job, { status: reported, progress, statusDetails });
    return { taskId: job.taskId };
  }
}

/** The `task` of a notice or a reply. */
export function describeJob({ taskId, status, jobDocument, jobFile }: Job): object {
  return { taskId, status, jobDocument, ...(jobFile ? { jobFile } : {}) };
}
