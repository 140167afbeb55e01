/** What the nodes have in common that send to the cloud. */
import type { AliyunDevice, CloudReply } from '../lib/aliyun';
import { MialinkError } from '../lib/errors';
import { typeOf } from './property-operations';
import { isRecord, type Message } from './runtime';

/** Puts the reply into `message.aliyun` and the payload, or the cloud's refusal into `message.aliyun`. */
export async function requestCloud(message: Message, request: () => Promise<CloudReply>): Promise<void> {
  // That of a node before this one would be taken for the cloud's answer to this request.
  delete message.aliyun;
  try {
    const { id, code, message: text, data } = await request();
    message.aliyun = { id, code, message: text };
    message.payload = data;
  } catch (error) {
    if (error instanceof MialinkError && error.peer) message.aliyun = { ...error.peer };
    throw error;
  }
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
