/**
 * What one connection has subscribed: each topic once, no more than the platform takes, a few in each SUBSCRIBE.
 *
 * Source: Alibaba Cloud IoT Platform, "Limits": 100 subscriptions for a device, 10 topics in one SUBSCRIBE.
 */
import type { MqttClient } from 'mqtt';
import { MialinkError } from '../errors';
import { refusedTopics } from './failure';

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
    const fresh = [...new Set(topics)].filter((topic) => !this.topics.has(topic));
    const wanted = fresh.slice(0, MOST_TOPICS - this.topics.size);
    for (const topic of wanted) this.topics.add(topic);
    const [topic] = fresh.slice(wanted.length);
    if (topic !== undefined) {
      this.warn(new MialinkError('subscriptionsTooMany', { device: this.label, limit: MOST_TOPICS, topic }));
    }
    return wanted;
  }

  private subscribe(topics: string[], answered: () => void): void {
    this.client.subscribe(topics, { qos: 1 }, (error, _subscriptions, suback) => {
      if (error && !suback) return;
      for (const topic of refusedTopics(topics, suback?.granted)) {
        this.topics.delete(topic);
        this.warn(new MialinkError('subscriptionRefused', { device: this.label, topic }));
      }
      answered();
    });
  }
}
