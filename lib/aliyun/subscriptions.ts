/**
 * What one connection has subscribed: each topic once, no more than the platform takes, a few in each SUBSCRIBE.
 *
 * SUBSCRIBE is written past mqtt.js, which would keep all topics once more and make garbage of 27 KiB for twenty at each
 * connect. A message id of its own keeps it apart from what mqtt.js sends, and a SUBACK that mqtt.js does not know it
 * lets pass. When the connection is over, nothing is called any more.
 *
 * Source: Alibaba Cloud IoT Platform, "Limits": 100 subscriptions for a device, 10 topics in one SUBSCRIBE.
 */
import type { MqttClient, Packet } from 'mqtt';
import { MialinkError } from '../errors';
import { refusedTopics } from './failure';
import { subscribePacket } from './packets';

const MOST_TOPICS = 100;
const TOPICS_PER_PACKET = 10;

export class Subscriptions {
  private readonly topics = new Set<string>();

  /** `warn` hears of `subscriptionRefused` and `subscriptionsTooMany`. */
  constructor(
    private readonly client: MqttClient,
    private readonly label: string,
    private readonly warn: (problem: MialinkError) => void,
  ) {}

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
    // All 65,535 are in use: a connect that waits for this answer ends with its time limit.
    if (id === null) return;
    const receive = (packet: Packet) => {
      if (packet.cmd !== 'suback' || packet.messageId !== id) return;
      this.client.off('packetreceive', receive);
      messageIdProvider.deallocate(id);
      this.drop(refusedTopics(topics, packet.granted));
      answered();
    };
    this.client.on('packetreceive', receive);
    stream.write(subscribePacket(id, topics, options.protocolVersion));
  }

  private drop(refused: string[]): void {
    for (const topic of refused) {
      this.topics.delete(topic);
      this.warn(new MialinkError('subscriptionRefused', { device: this.label, topic }));
    }
  }
}
