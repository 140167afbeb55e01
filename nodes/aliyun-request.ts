/** What every node does with a request to the cloud: the reply into the message, or the cloud's refusal. */
import type { CloudReply } from '../lib/aliyun';
import { MialinkError } from '../lib/errors';
import type { Message } from './runtime';

export async function requestCloud(message: Message, request: () => Promise<CloudReply>): Promise<void> {
  try {
    const { id, code, message: text, data } = await request();
    message.aliyun = { id, code, message: text };
    message.payload = data;
  } catch (error) {
    if (error instanceof MialinkError && error.peer) message.aliyun = { ...error.peer };
    throw error;
  }
}
