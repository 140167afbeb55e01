/** What the nodes have in common that send to the cloud. */
import type { Node, NodeAPI } from 'node-red';
import type { AliyunDevice, OutboxEntry, Posted } from '../lib/aliyun';
import { MialinkError } from '../lib/errors';
import { payloadInvalid } from './payload';
import { inUsersLanguage, isRecord, type Message } from './runtime';
import type { CountTexts, StatusLight } from './status';

/**
 * Puts the reply into `message.aliyun` and the payload, or the cloud's refusal into `message.aliyun`. What the outbox
 * keeps has no reply yet: `message.aliyun.queued` says so.
 */
export async function requestCloud(
  message: Message,
  request: () => Promise<Posted>,
): Promise<'done' | 'queued'> {
  // That of a node before this one would be taken for the cloud's answer to this request.
  delete message.aliyun;
  try {
    const posted = await request();
    if ('queued' in posted) {
      message.aliyun = { queued: true };
      message.payload = {};
      return 'queued';
    }
    const { id, code, message: text, data } = posted;
    message.aliyun = { id, code, message: text };
    message.payload = data;
    return 'done';
  } catch (error) {
    return keepRefusal(message)(error);
  }
}

/** Puts the cloud's own code and words into `message.aliyun`, and throws the error again. */
export function keepRefusal(message: Message): (error: unknown) => never {
  return (error) => {
    if (error instanceof MialinkError && error.peer) message.aliyun = { ...error.peer };
    throw error;
  };
}

/**
 * Follows what the outbox has kept: the light counts it, and tells no more of it when nothing is left; what the node has
 * posted and the cloud will never take becomes an error of the node. Returns how to stop that.
 */
export function followOutbox(RED: NodeAPI, node: Node, device: AliyunDevice, light: StatusLight): () => void {
  const report = (entry: OutboxEntry, problem: MialinkError) => {
    if (entry.source !== node.id) return;
    const aliyun = { ...problem.peer, queued: true };
    const message: Partial<Message> = { payload: entry.params, aliyun };
    node.error(inUsersLanguage(RED, problem), message as Message);
  };
  const emptied = () => {
    if (device.waiting.kept === 0) light.delivered();
  };
  const stopCounting = light.count(device, countTexts(RED, node.type, device));
  device.on('refused', report).on('kept', emptied);
  return () => {
    stopCounting();
    device.off('refused', report).off('kept', emptied);
  };
}

/** What the status says of the messages of the device that wait, in the words of the node's own catalogue. */
function countTexts(RED: NodeAPI, type: string, device: AliyunDevice): CountTexts {
  return {
    busy: () => {
      const { inLine } = device.waiting;
      return inLine > 1 ? RED._(`${type}.status.busy-line`, { inLine }) : undefined;
    },
    queued: () => {
      const { kept, dropped } = device.waiting;
      if (dropped > 0) return RED._(`${type}.status.queued-dropped`, { kept, dropped });
      return RED._(`${type}.status.queued`, { kept });
    },
  };
}

/**
 * The output parameters of an event or a service. It may have none: a blank payload will do. Throws `payloadInvalid`;
 * `operation` is what they are for.
 */
export function outputsOf(
  device: AliyunDevice,
  operation: string,
  payload: unknown,
): Record<string, unknown> {
  if (payload === undefined || payload === null || payload === '') return {};
  if (isRecord(payload)) return payload;
  throw payloadInvalid(device.label, operation, 'an object {parameter: value}', payload);
}

/** That of this name in the table of a node. Throws `operationUnknown`, which names those that there are. */
export function operationNamed<Operation>(
  device: AliyunDevice,
  operations: Record<string, Operation>,
  name: string,
): Operation {
  const operation = Object.hasOwn(operations, name) ? operations[name] : undefined;
  if (operation) return operation;
  const known = Object.keys(operations).join(', ');
  throw new MialinkError('operationUnknown', { device: device.label, operation: name, known });
}
