/** A device whose cloud is the test: what is asked is answered by `answer`, what is published is listed. */
import type { Answer } from '../../../../lib/aliyun/answer';
import type {
  AnswerOptions,
  CloudChannel,
  MessageHandler,
  ServeHandler,
} from '../../../../lib/aliyun/channel';
import { matchesFilter } from '../../../../lib/aliyun/topics';
import { MialinkError } from '../../../../lib/errors';

export class FakeChannel implements CloudChannel {
  readonly label = 'lamp-1 (a1b2c3d4e5f)';
  readonly identity = { productKey: 'a1b2c3d4e5f', deviceName: 'lamp-1' };
  readonly timeoutMs = 5_000;
  readonly additionalRoots: string[] = [];
  readonly requests: { method: string; params: unknown }[] = [];
  readonly published: { topic: string; payload: unknown; qos: number }[] = [];
  readonly subscriptions: { filter: string; handler: MessageHandler }[] = [];
  /** The `data` of the cloud's reply; what it throws is what the request rejects with. */
  answer: (method: string, params: unknown) => unknown = () => ({});
  /** Waited for by answers; default: connected. */
  untilConnected: () => Promise<void> = async () => undefined;
  /** How often the connection was doubted. */
  probes = 0;
  private readonly served = new Map<string, ServeHandler>();
  private readonly connectHandlers = new Set<() => void>();

  async request(method: string, params: unknown) {
    this.requests.push({ method, params });
    const data = await this.answer(method, params);
    return { id: '1', code: 200, message: 'success', data };
  }

  async publish(topic: string, payload: object | string | Buffer, { qos = 1 }: { qos?: 0 | 1 } = {}) {
    this.published.push({ topic, payload, qos });
  }

  async publishAnswer(topic: string, payload: object | string | Buffer, { qos, settle }: AnswerOptions) {
    await this.untilConnected();
    settle();
    this.published.push({ topic, payload, qos });
  }

  subscribeTo(filter: string, handler: MessageHandler): () => void {
    const subscription = { filter, handler };
    this.subscriptions.push(subscription);
    return () => this.subscriptions.splice(this.subscriptions.indexOf(subscription), 1);
  }

  serve(method: string, handler: ServeHandler): () => void {
    this.served.set(method, handler);
    return () => this.served.delete(method);
  }

  probe(): void {
    this.probes += 1;
  }

  onConnect(handler: () => void): () => void {
    this.connectHandlers.add(handler);
    return () => this.connectHandlers.delete(handler);
  }

  /** Every handler behind a matching filter gets it. */
  arrive(topic: string, payload: string | Buffer): void {
    for (const { filter, handler } of [...this.subscriptions]) {
      if (matchesFilter(filter, topic)) handler(Buffer.from(payload), topic);
    }
  }

  /** The cloud's request; undefined: nobody serves it. */
  async call(method: string, params: unknown): Promise<Answer | undefined> {
    const handler = this.served.get(method);
    return handler ? ((await handler({ id: '1', method, params, topic: method })) ?? {}) : undefined;
  }

  connect(): void {
    for (const handler of [...this.connectHandlers]) handler();
  }

  /** As the cloud refuses. */
  refusal(code: number, message = 'refused'): MialinkError {
    const values = { device: this.label, operation: 'it', code, message };
    return new MialinkError('cloudRefused', values, { peer: { code, message } });
  }
}
