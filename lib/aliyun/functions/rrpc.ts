/**
 * RRPC: the cloud calls the device and waits for its answer. What is said is free; the answer's topic is made of the
 * call's.
 *
 *   without a topic     SYS/rrpc/request/${mid}             answered on SYS/rrpc/response/${mid}
 *   on a custom topic   /ext/rrpc/${mid}/${productKey}/…    answered on the same
 *                       /ext/rrpc/${mid}//${productKey}/…   the same, where a caller keeps the slash of the topic
 *
 *   (arrives) ──> open ──answer──> over          open ──7 s──> over
 *
 * The cloud waits for 8 s at most. Services of the thing model may come without a topic too, and are left to `inbound`.
 * Source: Alibaba Cloud IoT Platform, "RRPC" (system and custom topics).
 */
import { MialinkError } from '../../errors';
import { runListener } from '../../listener';
import { silentLogger } from '../../logger';
import { parseRequest } from '../alink';
import type { CloudChannel } from '../channel';
import { OpenCalls } from '../open-calls';
import { matchesFilter, replyTopic, sysTopic } from '../topics';
import { expandFilter } from './custom-topic';

export interface RrpcCall {
  /** The cloud's id of the call, a part of its topic. */
  mid: string;
  topic: string;
  payload: Buffer;
}

/** What an answer needs of its call. */
export type RrpcKey = Pick<RrpcCall, 'mid' | 'topic'>;

interface Listener {
  filters: string[];
  handler: (call: RrpcCall) => void;
}

const LIMIT_MS = 7_000;
const WITHOUT_TOPIC = /^\/sys\/[^/]+\/[^/]+\/rrpc\/request\/([^/]+)$/;
const ON_TOPIC = /^\/ext\/rrpc\/([^/]+)\//;
const SERVICE = /^thing\.service\./;

/** The calls of one device, and who listens. */
export class Rrpc {
  private readonly listeners = new Set<Listener>();
  private readonly calls = new OpenCalls();

  constructor(private readonly channel: CloudChannel) {}

  /**
   * Calls `handler` for each call on the custom topics that `names` stand for (see `expandFilter`, which also says what
   * it throws), or if there are no names for each call without a topic. Returns how to stop that.
   */
  onCall(handler: (call: RrpcCall) => void, names: readonly string[] = []): () => void {
    const filters = names.length === 0 ? [this.withoutTopic] : names.flatMap((name) => this.onTopic(name));
    const listener: Listener = { filters, handler };
    this.listeners.add(listener);
    const stops = filters.map((one) =>
      this.channel.subscribeTo(one, (payload, topic) => this.receive(payload, topic)),
    );
    return () => {
      this.listeners.delete(listener);
      for (const stop of stops) stop();
    };
  }

  /**
   * Answers with bytes, text or an object as JSON, ahead of what stands in line. Rejects with `replyLate` (TIMEOUT) when
   * the call was answered already or its 7 s are over, and as `CloudChannel.publishAnswer` does: where nothing was sent
   * it may be answered again.
   */
  async answer({ mid: id, topic }: RrpcKey, payload: object | string | Buffer): Promise<void> {
    const { channel } = this;
    const call = { id, topic };
    const late = new MialinkError('replyLate', { device: channel.label, id });
    if (!this.calls.isOpen(call)) throw late;
    const to = ON_TOPIC.test(topic) ? topic : replyTopic(topic);
    const settle = () => {
      if (!this.calls.settle(call)) throw late;
    };
    await channel.publishAnswer(to, payload, { qos: 0, operation: 'RRPC answer', settle });
  }

  /** Forgets the calls that are open. */
  close(): void {
    this.calls.clear();
  }

  private get withoutTopic(): string {
    return sysTopic(this.channel.identity, 'rrpc/request/+');
  }

  private onTopic(name: string): string[] {
    const filter = expandFilter(this.channel, name);
    return [`/ext/rrpc/+${filter}`, `/ext/rrpc/+/${filter}`];
  }

  /** Called for each listener: only the first time the call is a new one. */
  private receive(payload: Buffer, topic: string): void {
    const onTopic = ON_TOPIC.exec(topic);
    const mid = (onTopic ?? WITHOUT_TOPIC.exec(topic))?.[1];
    if (mid === undefined || (!onTopic && isService(payload))) return;
    if (!this.calls.open({ id: mid, topic }, LIMIT_MS, () => undefined)) return;
    for (const { filters, handler } of [...this.listeners]) {
      if (!filters.some((filter) => matchesFilter(filter, topic))) continue;
      runListener(silentLogger, this.channel.label, () => handler({ mid, topic, payload }));
    }
  }
}

function isService(payload: Buffer): boolean {
  const parsed = parseRequest(payload);
  return 'value' in parsed && SERVICE.test(parsed.value.method);
}
