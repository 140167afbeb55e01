/**
 * The messages to one device, in the order in which they were sent: aedes takes one of QoS 1 a longer way, and drops
 * it when one of QoS 0 has overtaken it.
 */
export type Publish = (topic: string, payload: string | Buffer, qos: 0 | 1, done: () => void) => void;

interface Message {
  topic: string;
  payload: string | Buffer;
  qos: 0 | 1;
}

export class Downlink {
  private readonly waiting: Message[] = [];
  /** Messages of QoS 1 on their way. */
  private pending = 0;

  constructor(private readonly publish: Publish) {}

  send(topic: string, payload: string | Buffer, qos: 0 | 1): void {
    this.waiting.push({ topic, payload, qos });
    this.flush();
  }

  private flush(): void {
    for (let next = this.waiting[0]; next && (next.qos === 1 || this.pending === 0); next = this.waiting[0]) {
      this.waiting.shift();
      this.pending += next.qos;
      this.publish(next.topic, next.payload, next.qos, () => this.sent(next.qos));
    }
  }

  private sent(qos: 0 | 1): void {
    this.pending -= qos;
    if (qos === 1) this.flush();
  }
}
