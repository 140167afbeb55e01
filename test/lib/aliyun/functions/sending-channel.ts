/** A `FakeChannel` whose sending the test can delay or break, for requests that are no Alink requests. */
import { setImmediate } from 'node:timers/promises';
import { FakeChannel } from './fake-channel';

export class SendingChannel extends FakeChannel {
  /** How each message is sent; default: at once. */
  send: () => Promise<void> = async () => undefined;

  /** What is subscribed, each once. */
  get filters(): string[] {
    return [...new Set(this.subscriptions.map(({ filter }) => filter))];
  }

  /** What was published last, as it goes over the wire. */
  get lastMessage(): Record<string, unknown> {
    return JSON.parse(JSON.stringify(this.published.at(-1)?.payload ?? null));
  }

  override async publish(topic: string, payload: object | string | Buffer, options: { qos?: 0 | 1 } = {}) {
    await super.publish(topic, payload, options);
    await this.send();
  }

  /** A message of the cloud, an object as JSON. Resolves when whatever it starts is under way. */
  async deliver(topic: string, payload: object | string | Buffer): Promise<void> {
    const isJson = typeof payload === 'object' && !Buffer.isBuffer(payload);
    this.arrive(topic, isJson ? JSON.stringify(payload) : payload);
    await setImmediate();
  }
}
