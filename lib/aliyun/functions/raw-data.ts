/**
 * Raw data: bytes of any form, which a script of the product in the cloud turns into Alink and back.
 *
 *   up    SYS/thing/model/up_raw           bytes    reply    SYS/thing/model/up_raw_reply      bytes
 *   down  SYS/thing/model/down_raw         bytes    answer   SYS/thing/model/down_raw_reply    bytes, if the script asks
 *
 * Nothing says to which message a reply belongs, so one is on its way at a time. A reply that comes later than its time
 * limit is taken for that of the next message, if one is under way then.
 *
 * Source: Alibaba Cloud IoT Platform, "Device properties, events, and services" (passthrough), "Data parsing".
 */
import { MialinkError } from '../../errors';
import { encodeMessage } from '../alink';
import type { CloudChannel } from '../channel';
import { sysTopic } from '../topics';
import { OneByOne } from './one-by-one';

type Path = 'up_raw' | 'up_raw_reply' | 'down_raw' | 'down_raw_reply' | '+';

export class RawData {
  private readonly line = new OneByOne<Buffer>();
  private readonly stop: () => void;

  /** One for a device: its replies belong to one line. */
  constructor(private readonly channel: CloudChannel) {
    this.stop = this.subscribe('up_raw_reply', (bytes) => this.line.resolve(bytes));
  }

  /**
   * Sends bytes and waits for those that the cloud replies. Rejects with `noReply` (TIMEOUT), and as
   * `AliyunDevice.publish` does.
   */
  async post(bytes: Buffer): Promise<Buffer> {
    const { channel } = this;
    const operation = 'raw data';
    // Now, as what is too long is nothing that those behind it would meet too.
    encodeMessage(bytes, channel.label, operation);
    const values = { device: channel.label, operation, timeoutMs: channel.timeoutMs };
    return this.line.ask(
      () => channel.publish(this.topic('up_raw'), bytes, { operation }),
      channel.timeoutMs,
      () => new MialinkError('noReply', values),
    );
  }

  /** Calls `handler` with the bytes that the cloud sends. Returns how to stop that. */
  onRaw(handler: (bytes: Buffer) => void): () => void {
    return this.subscribe('down_raw', handler);
  }

  /** Answers what the cloud sent last; see `onRaw`. Rejects as `AliyunDevice.publish` does. */
  answer(bytes: Buffer): Promise<void> {
    return this.channel.publish(this.topic('down_raw_reply'), bytes, { operation: 'raw reply' });
  }

  /** Rejects what waits with `closed`. */
  close(): void {
    this.stop();
    this.line.rejectAll(new MialinkError('closed', { device: this.channel.label }));
  }

  private subscribe(path: Path, handler: (bytes: Buffer) => void): () => void {
    const wanted = this.topic(path);
    // The device's own filter: with another one that covers this topic too, a broker may deliver a reply twice, and the
    // second would be taken for that of the next message.
    return this.channel.subscribeTo(this.topic('+'), (bytes, topic) => {
      if (topic === wanted) handler(bytes);
    });
  }

  private topic(path: Path): string {
    return sysTopic(this.channel.identity, `thing/model/${path}`);
  }
}
