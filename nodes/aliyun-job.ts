/**
 * aliyun-job: asks for the jobs that the cloud has ordered and tells how they go (output 1: the cloud's reply), and
 * passes on each new one (output 2).
 */
import type { Node, NodeAPI, NodeDef } from 'node-red';
import type { AliyunDevice, CloudReply } from '../lib/aliyun';
import { getJob, onJob, updateJob } from '../lib/aliyun/functions/jobs';
import { operationNamed, requestCloud } from './aliyun-request';
import { ChosenDevice } from './device-sharing';
import { payloadInvalid } from './payload';
import { asNumber, asText, isRecord, type Message, onInput, untilClosed } from './runtime';
import { StatusLight } from './status';

interface Config extends NodeDef {
  device?: string;
}

type Operation = (device: AliyunDevice, message: Message, taskId: string) => Promise<CloudReply>;

const OPERATIONS: Record<string, Operation> = {
  get: (device, { payload }) => getJob(device, asText(payload) || undefined),
  update: (device, { payload }, taskId) => {
    if (!isRecord(payload)) {
      throw payloadInvalid(device.label, 'job update', 'an object {taskId, status}', payload);
    }
    const { status, progress, statusDetails } = payload;
    return updateJob(device, {
      taskId,
      status: asText(status),
      progress: asNumber(progress),
      statusDetails: isRecord(statusDetails) ? statusDetails : undefined,
    });
  },
};

export default function register(RED: NodeAPI): void {
  RED.nodes.registerType('aliyun-job', create);

  function create(this: Node, config: Config): void {
    RED.nodes.createNode(this, config);
    const light = new StatusLight(this);
    const chosen = new ChosenDevice<AliyunDevice>(RED, this, config.device, light);
    const passOn = (job: Record<string, unknown>) => {
      const message: Partial<Message> = { payload: job, aliyun: { taskId: job.taskId } };
      this.send([null, message as Message]);
    };
    chosen.listen((device) => [onJob(device, passOn)]);

    const operate = async (message: Message, signal: AbortSignal) => {
      const device = chosen.acquire();
      const operation = operationNamed(device, OPERATIONS, asText(message.operation) || 'get');
      const taskId = taskIdOf(message);
      try {
        await requestCloud(message, () => untilClosed(signal, operation(device, message, taskId)));
      } finally {
        // For the next update of the same job.
        if (taskId !== '') message.aliyun = { ...asRecord(message.aliyun), taskId };
      }
    };

    onInput(
      RED,
      this,
      async (message, send, signal) => {
        await light.during(() => operate(message, signal));
        send([message, null]);
      },
      () => chosen.release(),
    );
  }
}

/** The job that the message is about; blank if it names none. */
function taskIdOf({ payload, aliyun }: Message): string {
  return asText(asRecord(payload).taskId) || asText(asRecord(aliyun).taskId);
}

function asRecord(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {};
}
