/**
 * What the cloud asks of the device: property sets and services, handed to whoever listens, answered once.
 *
 *   property set    every listener replies `auto`: answered 200 after they ran; one is `manual`: it answers
 *   service         answered by `answer`: within 7 s if synchronous (or the cloud gets 504), else within 60 s
 *   malformed       answered 460 if it has a usable id, else dropped and warned about once per kind
 *
 * What nobody listens to is not answered.
 * Source: Alibaba Cloud IoT Platform, "Device properties, events, and services", "RRPC" (8 s at most).
 */
import { MialinkError, messageOf } from '../errors';
import { runListener } from '../listener';
import type { Logger } from '../logger';
import { isRecord, type Json } from '../untrusted';
import { type CloudRequest, encode, type Malformed, type Parsed, parseRequest, replyBody } from './alink';
import type { Answer, ReplyMode } from './answer';
import { type CallKey, OpenCalls } from './open-calls';
import { type Downlink, replyTopic } from './topics';
import type { Uplink } from './uplink';

export interface PropertySet {
  id: string;
  method: string;
  topic: string;
  /** identifier -> value */
  params: Record<string, unknown>;
}

export interface ServiceCall {
  id: string;
  /** Its identifier. */
  service: string;
  /** True: the cloud waits for the answer, 7 s. */
  sync: boolean;
  topic: string;
  /** The input parameters. */
  params: Record<string, unknown>;
}

type Request = Extract<Downlink, { kind: 'propertySet' | 'service' | 'rrpc' }>;

export interface InboundOptions {
  label: string;
  timeoutMs: number;
  /** Posts what has been set. */
  echo(params: Record<string, unknown>): void;
  uplink: Uplink;
  logger: Logger;
}

interface SetListener {
  reply: ReplyMode;
  /** True: what has been set is posted after the answer; only if all reply `auto`. */
  echo: boolean;
  handler: (set: PropertySet) => void;
}

interface ServiceListener {
  /** `''`: all services. */
  service: string;
  handler: (call: ServiceCall) => void;
  onUnanswered?: (problem: MialinkError, call: ServiceCall) => void;
}

const SET_METHOD = 'thing.service.property.set';
/** An identifier may hold dots, as `_LivingLink.x`. */
const SERVICE_METHOD = /^thing\.service\.(?!property\.)([^/+#]+)$/;

const SYNC_LIMIT_MS = 7000;
const ASYNC_LIMIT_MS = 60_000;
const BAD_PARAMETER = 460;
const UNANSWERED = 504;

export class Inbound {
  private readonly setListeners = new Set<SetListener>();
  private readonly serviceListeners = new Set<ServiceListener>();
  private readonly calls = new OpenCalls();
  private readonly warnedKinds = new Set<string>();

  constructor(private readonly options: InboundOptions) {}

  onPropertySet(listener: SetListener): () => void {
    this.setListeners.add(listener);
    return () => this.setListeners.delete(listener);
  }

  onService(listener: ServiceListener): () => void {
    this.serviceListeners.add(listener);
    return () => this.serviceListeners.delete(listener);
  }

  /** `isShared`: somebody else takes what comes on this topic too, and may answer what is no request of Alink. */
  receive(request: Request, topic: string, payload: Buffer, isShared = false): void {
    const parsed = readCall(payload);
    if ('cause' in parsed) {
      if (!isShared) this.refuse(request, topic, parsed);
      return;
    }
    const { id, method, params } = parsed.value;
    const service = request.kind === 'service' ? request.service : SERVICE_METHOD.exec(method)?.[1];
    if (request.kind === 'propertySet' || (request.kind === 'rrpc' && method === SET_METHOD)) {
      this.handOutSet({ id, method: SET_METHOD, topic, params }, request.sync);
    } else if (service) {
      this.handOutCall({ id, service, sync: request.sync, topic, params });
    } else if (!isShared) {
      this.refuse(request, topic, { id, cause: 'its method is no service' });
    }
  }

  /** See `AliyunDevice.answer`. */
  async answer(call: CallKey, { code = 200, data = {} }: Answer): Promise<void> {
    const operation = 'reply';
    const { label: device, timeoutMs, uplink } = this.options;
    const late = new MialinkError('replyLate', { device, id: call.id });
    const body = encode(replyBody(call.id, code, data), device, operation);
    if (!this.calls.isOpen(call)) throw late;
    await uplink.answer({ topic: replyTopic(call.topic), body, qos: 1, operation }, timeoutMs, () => {
      if (!this.calls.settle(call)) throw late;
    });
  }

  /** Forgets what is open; nothing is answered any more. */
  close(): void {
    this.calls.clear();
  }

  private handOutSet(set: PropertySet, sync: boolean): void {
    const listeners = [...this.setListeners];
    if (!this.open(set, listeners, sync, () => undefined)) return;
    for (const { handler } of listeners) this.run(() => handler(copyOf(set)));
    if (listeners.every(({ reply }) => reply === 'auto')) void this.answerSet(set, listeners);
  }

  private async answerSet(set: PropertySet, listeners: SetListener[]): Promise<void> {
    try {
      await this.answer(set, {});
    } catch (error) {
      this.options.logger.debug(messageOf(error));
      return;
    }
    if (listeners.some(({ echo }) => echo)) this.run(() => this.options.echo(set.params));
  }

  private handOutCall(call: ServiceCall): void {
    const listeners = [...this.serviceListeners].filter(
      ({ service }) => service === '' || service === call.service,
    );
    const expired = () => {
      if (!call.sync) return;
      const { label: device } = this.options;
      const values = { device, service: call.service, timeoutMs: SYNC_LIMIT_MS };
      const problem = new MialinkError('serviceUnanswered', values);
      for (const { onUnanswered } of listeners) this.run(() => onUnanswered?.(problem, copyOf(call)));
    };
    if (!this.open(call, listeners, call.sync, expired)) return;
    for (const { handler } of listeners) this.run(() => handler(copyOf(call)));
  }

  /** True if the call is to be handed out: somebody listens, and it is no repetition. */
  private open(call: CallKey, listeners: unknown[], sync: boolean, expired: () => void): boolean {
    if (listeners.length === 0) {
      this.options.logger.debug(`${this.options.label}: nobody listens to what came on ${call.topic}`);
      return false;
    }
    return this.calls.open(call, sync ? SYNC_LIMIT_MS : ASYNC_LIMIT_MS, () => {
      if (sync) this.send(call, UNANSWERED);
      expired();
    });
  }

  private refuse(request: Request, topic: string, { id, cause }: Malformed): void {
    if (id !== undefined) {
      const call = { id, topic };
      // A broker may give us our own answer back, which must not be taken for a call.
      this.calls.open(call, SYNC_LIMIT_MS, () => undefined);
      this.calls.settle(call);
      this.send(call, BAD_PARAMETER);
      return;
    }
    if (this.warnedKinds.has(request.kind)) return;
    this.warnedKinds.add(request.kind);
    this.options.logger.warn(
      new MialinkError('downlinkMalformed', { device: this.options.label, topic, cause }),
    );
  }

  /** An answer of ours that nobody awaits. */
  private send({ id, topic }: CallKey, code: number): void {
    const body = JSON.stringify(replyBody(id, code, {}));
    this.options.uplink
      .answer({ topic: replyTopic(topic), body, qos: 1, operation: 'reply' }, this.options.timeoutMs)
      .catch((error) => this.options.logger.debug(messageOf(error)));
  }

  private run(listener: () => unknown): void {
    runListener(this.options.logger, this.options.label, listener);
  }
}

function readCall(payload: Buffer): Parsed<CloudRequest & { params: Json }> {
  const parsed = parseRequest(payload);
  if ('cause' in parsed) return parsed;
  const { id, method, params } = parsed.value;
  return isRecord(params) ? { value: { id, method, params } } : { id, cause: 'its params are not an object' };
}

/** Each listener gets its own: flows change the messages they are given. */
function copyOf<Call extends { params: Record<string, unknown> }>(call: Call): Call {
  return { ...call, params: structuredClone(call.params) };
}
