/** What the nodes have in common that send to the cloud. */
import type { Node, NodeAPI } from 'node-red';
import type { AliyunDevice, OutboxEntry, Posted } from '../lib/aliyun';
import { MialinkError } from '../lib/errors';
import { typeOf } from './property-operations';
import { inUsersLanguage, isRecord, type Message } from './runtime';

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
 * Reports as an error of the node what it has posted, the outbox has kept, and the cloud will never take. Returns how to
 * stop that.
 */
export function reportRefused(RED: NodeAPI, node: Node, device: AliyunDevice): () => void {
  const report = (entry: OutboxEntry, problem: MialinkError) => {
    if (entry.source !== node.id) return;
    const aliyun = { ...problem.peer, queued: true };
    const message: Partial<Message> = { payload: entry.params, aliyun };
    node.error(inUsersLanguage(RED, problem), message as Message);
  };
  device.on('refused', report);
  return () => device.off('refused', report);
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
  const values = { device: device.label, operation, rule: 'an object {parameter: value}' };
  throw new MialinkError('payloadInvalid', { ...values, type: typeOf(payload) });
}
