/**
 * What one connection has subscribed: each topic once, no more than the platform takes, a few in each SUBSCRIBE.
 *
 * SUBSCRIBE is written past mqtt.js, which makes 27 KiB of garbage for twenty topics at each connect. A message id of
 * its own keeps it apart from what mqtt.js sends, and a SUBACK that mqtt.js does not know it lets pass.
 *
 * Source: Alibaba Cloud IoT Platform, "Limits": 100 subscriptions for a device, 10 topics in one SUBSCRIBE.
 */
import type { MqttClient, Packet } from 'mqtt';
import { MialinkError } from '../errors';
import { refusedTopics } from './failure';
import { subscribePacket } from './packets';

const MOST_TOPICS = 100;
const TOPICS_PER_PACKET = 10;

/** A SUBSCRIBE whose SUBACK has not come yet. */
interface Unanswered {
  topics: string[];
  answered(): void;
}

export class Subscriptions {
  private readonly topics = new Set<string>();
  /** By message id. */
  private readonly unanswered = new Map<number, Unanswered>();

  /** `warn` hears of `subscriptionRefused` and `subscriptionsTooMany`, also when the connection is over. */
  constructor(
    private readonly client: MqttClient,
    private readonly label: string,
    private readonly warn: (problem: MialinkError) => void,
  ) {
    client.on('packetreceive', (packet) => this.receive(packet));
  }

  /** `done` when the broker has answered for all that are new, even if it refused some: the others serve. */
  add(topics: readonly string[], done: () => void = () => undefined): void {
    const wanted = this.take(topics);
    let unanswered = Math.ceil(wanted.length / TOPICS_PER_PACKET);
    if (unanswered === 0) done();
    for (let first = 0; first < wanted.length; first += TOPICS_PER_PACKET) {
      this.subscribe(wanted.slice(first, first + TOPICS_PER_PACKET), () => {
        unanswered -= 1;
        if (unanswered === 0) done();
      });
    }
  }

  /** What had no room before is not subscribed in its place until the next connect. */
  remove(topic: string): void {
    if (this.topics.delete(topic)) this.client.unsubscribe(topic, () => undefined);
  }

  private take(topics: readonly string[]): string[] {
    const wanted: string[] = [];
    let left: string | undefined;
    for (const topic of topics) {
      if (this.topics.has(topic)) continue;
      if (this.topics.size < MOST_TOPICS) {
        this.topics.add(topic);
        wanted.push(topic);
      } else left ??= topic;
    }
    if (left !== undefined) {
      this.warn(
        new MialinkError('subscriptionsTooMany', { device: this.label, limit: MOST_TOPICS, topic: left }),
      );
    }
    return wanted;
  }

  private subscribe(topics: string[], answered: () => void): void {
    const { messageIdProvider, stream, options } = this.client;
    const id = messageIdProvider.allocate();
    // The one of mqtt.js always gives one, another need not: a connect that waits ends with its time limit.
    if (id === null) return;
    this.unanswered.set(id, { topics, answered });
    stream.write(subscribePacket(id, topics, options.protocolVersion));
  }

  private receive(packet: Packet): void {
    if (packet.cmd !== 'suback') return;
    const { messageId: id = 0, granted } = packet;
    const asked = this.unanswered.get(id);
    if (!asked) return;
    this.unanswered.delete(id);
    this.client.messageIdProvider.deallocate(id);
    for (const topic of refusedTopics(asked.topics, granted)) {
      this.topics.delete(topic);
      this.warn(new MialinkError('subscriptionRefused', { device: this.label, topic }));
    }
    asked.answered();
  }
}
