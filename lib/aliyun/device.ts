/**
 * A device of the Alibaba Cloud IoT Platform as a program uses it: one connection that comes back by itself,
 * requests as promises, the cloud's requests as handlers.
 */
import { EventEmitter } from 'node:events';
import { MialinkError } from '../errors';
import { runListener } from '../listener';
import { type Logger, silentLogger } from '../logger';
import { type CloudReply, encode } from './alink';
import { Connection, type ConnectionEvents, type ConnectionState } from './connection';
import { type Connect, dial } from './dial';
import type { Identity } from './identity';
import { type Answer, Inbound, type PropertySet, type ReplyMode, type ServiceCall } from './inbound';
import { type RequestOptions, Requests } from './requests';
import { type Backoffs, Retry } from './retry';
import { additionalRoots } from './roots';
import { type AliyunSettings, type CheckedSettings, checkSettings } from './settings';
import { eventTopic, parseTopic, subscriptions } from './topics';

export type { CloudReply } from './alink';
export type { ConnectionEvents, ConnectionState } from './connection';
export type { Answer, PropertySet, ReplyMode, ServiceCall } from './inbound';
export type { RequestOptions } from './requests';
export { type AliyunSettings, type CheckedSettings, checkSettings } from './settings';

export interface DeviceOptions {
  logger?: Logger;
  /** Default: mqtt.js. */
  connect?: Connect;
  /** Waiting times between tries. */
  backoffs?: Backoffs;
}

type MessageHandler = (payload: Buffer, topic: string) => void;

/** Such as `alarm`, `module:alarm` or `_LivingLink.alarm`. */
const IDENTIFIER = /^(\w+:)?\w+(\.\w+)*$/;

export class AliyunDevice extends EventEmitter<ConnectionEvents> {
  /** `deviceName (productKey)`, for texts. */
  readonly label: string;
  readonly identity: Identity;
  /** PEM texts of what it trusts besides Node's own roots; for downloads from the cloud too. */
  readonly additionalRoots: string[];
  private readonly settings: CheckedSettings;
  private readonly logger: Logger;
  private readonly connection: Connection;
  private readonly requests: Requests;
  private readonly inbound: Inbound;
  private readonly subscribers = new Map<string, Set<MessageHandler>>();
  private readonly connectHandlers = new Set<() => void>();

  /** Throws a MialinkError (`CONFIG`) for a missing or malformed setting. Does not connect yet. */
  constructor(settings: AliyunSettings, options: DeviceOptions = {}) {
    super();
    // Every node of a flow listens.
    this.setMaxListeners(0);
    const checked = checkSettings(settings);
    const { productKey, deviceName } = checked.triple;
    this.settings = checked;
    this.label = checked.label;
    this.identity = { productKey, deviceName };
    this.additionalRoots = additionalRoots(checked.ca);
    this.logger = options.logger ?? silentLogger;
    this.connection = new Connection({
      label: checked.label,
      host: checked.endpoint.host,
      dial: () => dial(checked, options.connect),
      topics: () => [...subscriptions(this.identity), ...this.subscribers.keys()],
      onMessage: (topic, payload) => this.received(topic, payload),
      retry: new Retry(options.backoffs),
      logger: this.logger,
    });
    this.requests = new Requests(checked, this.connection, this.logger);
    this.inbound = new Inbound(checked, this.connection, this.logger);
    this.connection.on('state', (state, problem) => this.changed(state, problem));
  }

  get state(): ConnectionState {
    return this.connection.state;
  }

  /** Why it is not connected; undefined while it is, and before the first failure. */
  get problem(): MialinkError | undefined {
    return this.connection.problem;
  }

  /** Connects from now on, until `close`. Again: nothing. */
  open(): void {
    this.connection.open();
  }

  /**
   * For good: rejects what is pending with `closed`, says good-bye, and nothing is sent afterwards. Resolves when
   * the socket is closed, after 1 s at most.
   */
  async close(): Promise<void> {
    this.inbound.close();
    await this.connection.close();
  }

  /**
   * Sends a request of the thing model, such as `thing.event.property.post`, and waits for the cloud's reply
   * (code 200). Rejects with a MialinkError: `notConnected`, `connectionLost` (TRANSPORT), `signInRefused`
   * (AUTH), `noReply` (TIMEOUT), `cloudRefused` (DEVICE, with `peer`), `downlinkMalformed` (CODEC),
   * `payloadInvalid` (CONFIG), `closed` (CANCELLED). The reply topic must be one of `topics.subscriptions`.
   */
  request(method: string, params: unknown, options?: RequestOptions): Promise<CloudReply> {
    return this.requests.send(method, params, options);
  }

  /** `{identifier: value}` or `{identifier: {value, time}}`. */
  postProperties(params: Record<string, unknown>, options?: RequestOptions): Promise<CloudReply> {
    return this.request('thing.event.property.post', params, { operation: 'property post', ...options });
  }

  /** The event's output parameters; the time is now. */
  async postEvent(
    event: string,
    outputs: Record<string, unknown>,
    options?: RequestOptions,
  ): Promise<CloudReply> {
    const device = this.label;
    if (!event) throw new MialinkError('eventMissing', { device });
    if (!IDENTIFIER.test(event)) {
      const rule = 'an identifier of letters, digits, _ and dots between them';
      throw new MialinkError('settingInvalid', { device, field: 'event', rule, value: event });
    }
    const params = { value: outputs, time: Date.now() };
    const topic = eventTopic(this.identity, event);
    const operation = `event ${event}`;
    return this.request(`thing.event.${event}.post`, params, { operation, topic, ...options });
  }

  /** Sets of values measured earlier, each `{identifier: {value, time}}`. */
  postHistory(properties: Record<string, unknown>[], options?: RequestOptions): Promise<CloudReply> {
    const params = [{ identity: this.identity, properties }];
    const operation = 'property history';
    return this.request('thing.event.property.history.post', params, { operation, ...options });
  }

  /** Several values of each property: `{identifier: [{value, time}, …]}`. */
  postBatch(properties: Record<string, unknown>, options?: RequestOptions): Promise<CloudReply> {
    const operation = 'property batch';
    return this.request('thing.event.property.batch.post', { properties }, { operation, ...options });
  }

  /** The reply's `data`: `{identifier: {value, version}}`. */
  getDesired(identifiers: string[], options?: RequestOptions): Promise<CloudReply> {
    return this.request('thing.property.desired.get', identifiers, { operation: 'desired get', ...options });
  }

  /** `{identifier: {version}}`; without a version a wish is deleted even if it is newer than the one seen. */
  deleteDesired(wishes: Record<string, unknown>, options?: RequestOptions): Promise<CloudReply> {
    const operation = 'desired delete';
    return this.request('thing.property.desired.delete', wishes, { operation, ...options });
  }

  /**
   * Calls `handler` when the cloud sets properties. If all users of the device reply `auto`, 200 is answered
   * after the handlers; if one is `manual`, `answer` is expected within 60 s. Returns how to unsubscribe.
   */
  onPropertySet(reply: ReplyMode, handler: (set: PropertySet) => void): () => void {
    return this.inbound.onPropertySet({ reply, handler });
  }

  /**
   * Calls `handler` when the cloud calls `service` (`''`: any); `answer` is expected within 7 s if it is
   * synchronous, otherwise within 60 s. A synchronous call without answer is answered 504, and `onUnanswered`
   * called with `serviceUnanswered`. Returns how to unsubscribe.
   */
  onService(
    service: string,
    handler: (call: ServiceCall) => void,
    onUnanswered?: (problem: MialinkError, call: ServiceCall) => void,
  ): () => void {
    return this.inbound.onService({ service, handler, onUnanswered });
  }

  /**
   * Answers a property set or a service on the topic that belongs to it. Rejects with `replyLate` (TIMEOUT) when
   * it was answered already or its time is over, and as `publish` does.
   */
  answer(request: { id: string; topic: string }, answer: Answer = {}): Promise<void> {
    return this.inbound.answer(request, answer);
  }

  /**
   * Takes what arrives on `topic` (without wildcards), subscribed now if connected, and at each connect. Returns
   * how to unsubscribe.
   */
  subscribeTo(topic: string, handler: MessageHandler): () => void {
    const handlers = this.subscribers.get(topic) ?? new Set();
    this.subscribers.set(topic, handlers.add(handler));
    if (handlers.size === 1) this.connection.subscribe(topic);
    return () => {
      if (!handlers.delete(handler) || handlers.size > 0) return;
      this.subscribers.delete(topic);
      this.connection.unsubscribe(topic);
    };
  }

  /**
   * Publishes JSON. Waits for the connection, with QoS 1 (default) for the acknowledgement too, both together as
   * long as the device's `timeoutMs`. Rejects with `notConnected`, `connectionLost`, `signInRefused`, `noReply`,
   * `payloadInvalid` or `closed`.
   */
  async publish(topic: string, payload: object, { qos = 1 }: { qos?: 0 | 1 } = {}): Promise<void> {
    const { label, timeoutMs } = this.settings;
    const body = encode(payload, label, topic);
    const leftMs = await this.connection.whenConnected(timeoutMs, topic);
    await this.connection.publish({ topic, body, qos, operation: topic }, leftMs);
  }

  /** Calls `handler` at each connect, and now if connected. Returns how to stop that. */
  onConnect(handler: () => void): () => void {
    this.connectHandlers.add(handler);
    if (this.state === 'connected') this.run(handler);
    return () => this.connectHandlers.delete(handler);
  }

  private changed(state: ConnectionState, problem: MialinkError | undefined): void {
    if (state === 'disconnected' || state === 'refused' || state === 'closed') {
      this.requests.rejectAll(problem ?? new MialinkError('closed', { device: this.label }));
    }
    this.run(() => this.emit('state', state, problem));
    if (state !== 'connected') return;
    for (const handler of [...this.connectHandlers]) this.run(handler);
  }

  private received(topic: string, payload: Buffer): void {
    const handlers = this.subscribers.get(topic);
    for (const handler of [...(handlers ?? [])]) this.run(() => handler(payload, topic));
    const downlink = parseTopic(this.identity, topic);
    if (downlink?.kind === 'reply') this.requests.receive(topic, payload);
    else if (downlink) this.inbound.receive(downlink, topic, payload);
    else if (!handlers) this.logger.debug(`${this.label}: dropped what came on ${topic}`);
  }

  private run(listener: () => unknown): void {
    runListener(this.logger, this.label, listener);
  }
}
