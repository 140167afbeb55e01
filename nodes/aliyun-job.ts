/**
 * aliyun-job: asks for the jobs that the cloud has ordered and tells how they go (output 1: the cloud's reply), and
 * passes on each new one (output 2).
 */
import type { Node, NodeAPI, NodeDef } from 'node-red';
import type { AliyunDevice, CloudReply } from '../lib/aliyun';
import { getJob, onJob, updateJob } from '../lib/aliyun/functions/jobs';
import { MialinkError } from '../lib/errors';
import { requestCloud } from './aliyun-request';
import { ChosenDevice } from './device-sharing';
import { typeOf } from './property-operations';
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
      const values = { device: device.label, operation: 'job update', rule: 'an object {taskId, status}' };
      throw new MialinkError('payloadInvalid', { ...values, type: typeOf(payload) });
    }
    const { status, progress, statusDetails } = payload;
    return updateJob(device, {
      taskId: asText(payload.taskId) || taskId,
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
    const device = chosen.acquireOrShow();
    const stopListening =
      device &&
      onJob(device, (job) => {
        const message: Partial<Message> = { payload: job, aliyun: { taskId: job.taskId } };
        this.send([null, message as Message]);
      });

    onInput(
      RED,
      this,
      async (message, send, signal) => {
        const operate = async () => {
          const { operation, taskId } = orderOf(chosen.acquire(), message);
          return requestCloud(message, () =>
            untilClosed(signal, operation(chosen.acquire(), message, taskId)),
          );
        };
        await light.during(operate);
        send([message, null]);
      },
      () => {
        stopListening?.();
        return chosen.release();
      },
    );
  }
}

/** What is to be done, and the job that the message is about. Throws `operationUnknown`. */
function orderOf(device: AliyunDevice, message: Message): { operation: Operation; taskId: string } {
  const name = asText(message.operation) || 'get';
  const operation = Object.hasOwn(OPERATIONS, name) ? OPERATIONS[name] : undefined;
  const taskId = isRecord(message.aliyun) ? asText(message.aliyun.taskId) : '';
  if (operation) return { operation, taskId };
  const known = Object.keys(OPERATIONS).join(', ');
  throw new MialinkError('operationUnknown', { device: device.label, operation: name, known });
}
