/**
 * A device of the Alibaba Cloud IoT Platform as a program uses it: one connection that comes back by itself,
 * requests as promises, the cloud's requests as handlers.
 */
import { EventEmitter } from 'node:events';
import { MialinkError } from '../errors';
import { runListener } from '../listener';
import { type Logger, silentLogger } from '../logger';
import { isRecord } from '../untrusted';
import { type CloudReply, encodeMessage } from './alink';
import type { CloudChannel, MessageHandler, PublishOptions, ServeHandler } from './channel';
import { CloudSwitch, type DeviceState } from './device-state';
import { Exchange, type ExchangeOptions } from './exchange';
import { Functions } from './functions';
import type { CloudClock } from './functions/cloud-time';
import type { DeviceLog } from './functions/device-log';
import type { RawData } from './functions/raw-data';
import type { Rrpc } from './functions/rrpc';
import type { Shadow } from './functions/shadow';
import type { Identity } from './identity';
import type { Answer, PropertySet, ReplyMode, ServiceCall } from './inbound';
import type { ThingModel } from './model';
import { ModelSource } from './model-source';
import { Outbox, type OutboxEntry, type OutboxStore } from './outbox';
import { type Posted, type PostOptions, Posts } from './posts';
import type { RequestOptions } from './requests';
import { additionalRoots } from './roots';
import { type AliyunSettings, type CheckedSettings, checkSettings } from './settings';

export type { CloudReply } from './alink';
export type { CloudChannel, MessageHandler, ServeHandler } from './channel';
export type { ConnectionState } from './connection';
export type { DeviceState } from './device-state';
export type { Answer, PropertySet, ReplyMode, ServiceCall } from './inbound';
export { ThingModel } from './model';
export type { OutboxEntry, OutboxStore } from './outbox';
export type { Kept, Posted, PostOptions } from './posts';
export type { RequestOptions } from './requests';
export { type AliyunSettings, type CheckedSettings, checkSettings } from './settings';

export interface DeviceOptions extends ExchangeOptions {
  /** What values are checked by: TSL as text or object; `cloud`: asked for at each connect. Default: nothing is checked. */
  thingModel?: unknown;
  /** Keeps what is posted while the cloud is away; default: nothing does. */
  outbox?: OutboxStore;
}

export interface DeviceEvents {
  /** The new state, and why it is not connected. */
  state: [DeviceState, MialinkError | undefined];
  /** Of what the outbox kept, the cloud will never take this. */
  refused: [OutboxEntry, MialinkError];
  /** More or less waits in the outbox than before. */
  kept: [];
}

export class AliyunDevice extends EventEmitter<DeviceEvents> implements CloudChannel {
  /** `deviceName (productKey)`, for texts. */
  readonly label: string;
  readonly identity: Identity;
  readonly timeoutMs: number;
  readonly additionalRoots: string[];
  private readonly logger: Logger;
  private readonly exchange: Exchange;
  private readonly posts: Posts;
  private readonly outbox: Outbox | undefined;
  private readonly cloudSwitch: CloudSwitch;
  private readonly connectHandlers = new Set<() => void>();
  private readonly models: ModelSource;
  private readonly functions: Functions;

  /** Throws a MialinkError (`CONFIG`) for a missing or malformed setting. Does not connect yet. */
  constructor(settings: AliyunSettings, options: DeviceOptions = {}) {
    super();
    // Every node of a flow listens.
    this.setMaxListeners(0);
    const checked = checkSettings(settings);
    const { label } = checked;
    const { productKey, deviceName } = checked.triple;
    this.label = label;
    this.identity = { productKey, deviceName };
    this.timeoutMs = checked.timeoutMs;
    this.logger = options.logger ?? silentLogger;
    this.additionalRoots = additionalRoots(checked.ca);
    this.exchange = new Exchange(checked, options, { echo: (params) => this.echo(params) });
    this.cloudSwitch = new CloudSwitch(label, () => this.changed());
    this.cloudSwitch.serve(this);
    this.outbox = options.outbox && this.outboxOf(checked, options.outbox);
    this.posts = new Posts({
      label,
      identity: this.identity,
      send: (method, params, options) => this.request(method, params, options),
      outbox: this.outbox,
      model: () => this.model,
      state: () => this.state,
    });
    this.serve('thing.service.property.get', ({ params }) => ({ data: this.posts.lastOf(params) }));
    this.models = new ModelSource(this, options.thingModel, this.logger);
    this.functions = new Functions(this);
    this.exchange.connection.on('state', (state) => {
      if (state === 'connected') this.cloudSwitch.signedIn();
      this.changed();
    });
  }

  get state(): DeviceState {
    return this.cloudSwitch.over(this.exchange.connection.state);
  }

  /** Why it is not connected; undefined while it is, and before the first failure. */
  get problem(): MialinkError | undefined {
    return this.cloudSwitch.problem ?? this.exchange.connection.problem;
  }

  /** What values are checked by; undefined: they are not. */
  get model(): ThingModel | undefined {
    return this.models.current;
  }

  /** The copy of its values that the cloud keeps for it. */
  get shadow(): Shadow {
    return this.functions.shadow;
  }

  /** Bytes that a script in the cloud understands. */
  get rawData(): RawData {
    return this.functions.rawData;
  }

  get cloudClock(): CloudClock {
    return this.functions.cloudClock;
  }

  /** Calls of the cloud with any payload. */
  get rrpc(): Rrpc {
    return this.functions.rrpc;
  }

  get deviceLog(): DeviceLog {
    return this.functions.deviceLog;
  }

  /** How many messages wait: for their turn, for their reply, in the outbox; and how many of the outbox were given up. */
  get waiting(): { inLine: number; unanswered: number; kept: number; dropped: number } {
    return {
      inLine: this.exchange.uplink.inLine,
      unanswered: this.exchange.requests.waiting,
      kept: this.outbox?.length ?? 0,
      dropped: this.outbox?.dropped ?? 0,
    };
  }

  /** The topics that are subscribed at each connect. */
  get subscriptions(): string[] {
    return this.exchange.subscriptions;
  }

  /** Connects from now on, until `close`. Again: nothing. */
  open(): void {
    this.outbox?.open();
    this.exchange.connection.open();
  }

  /**
   * For good: rejects what is pending with `closed`, says good-bye, and nothing is sent afterwards. Resolves when
   * the socket is closed, after 1 s at most. What the outbox keeps stays kept.
   */
  async close(): Promise<void> {
    this.functions.close();
    await Promise.all([this.exchange.close(), this.outbox?.close()]);
  }

  /**
   * Sends a request of the thing model, such as `thing.event.property.post`, and waits for the cloud's reply
   * (code 200). Rejects with a MialinkError: `notConnected`, `connectionLost` (TRANSPORT), `signInRefused`,
   * `deviceDisabled` (AUTH), `noReply`, `uplinkBusy` (TIMEOUT), `cloudRefused` (DEVICE, with `peer`),
   * `downlinkMalformed` (CODEC), `payloadInvalid` (CONFIG), `closed` (CANCELLED). The reply topic must be one of
   * `topics.subscriptions`.
   */
  async request(method: string, params: unknown, options?: RequestOptions): Promise<CloudReply> {
    const { problem } = this.cloudSwitch;
    if (problem) throw problem;
    return this.exchange.requests.send(method, params, options);
  }

  /**
   * `{identifier: value}` or `{identifier: {value, time}}`. This and the other posts reject as `request` does, and with
   * `modelViolation` or `identifierUnknown` (CONFIG); with an outbox, what cannot be sent now is kept instead.
   */
  async postProperties(params: Record<string, unknown>, options?: PostOptions): Promise<Posted> {
    return this.posts.properties(params, options);
  }

  /** The event's output parameters; the time is now. */
  async postEvent(event: string, outputs: Record<string, unknown>, options?: PostOptions): Promise<Posted> {
    return this.posts.event(event, outputs, options);
  }

  /** Sets of values measured earlier, each `{identifier: {value, time}}`. */
  async postHistory(sets: Record<string, unknown>[], options?: PostOptions): Promise<Posted> {
    return this.posts.history(sets, options);
  }

  /** Several values of each property: `{identifier: [{value, time}, …]}`. */
  async postBatch(properties: Record<string, unknown>, options?: PostOptions): Promise<Posted> {
    return this.posts.batch(properties, options);
  }

  /** None: all of the thing model, if there is one. The reply's `data`: `{identifier: {value, version}}`. */
  async getDesired(identifiers: string[], options?: RequestOptions): Promise<CloudReply> {
    const known = this.model?.checkIdentifiers(identifiers) ?? identifiers;
    return this.request('thing.property.desired.get', known, { operation: 'desired get', ...options });
  }

  /** `{identifier: {version}}`; without a version a wish is deleted even if it is newer than the one seen. */
  deleteDesired(wishes: Record<string, unknown>, options?: RequestOptions): Promise<CloudReply> {
    const operation = 'desired delete';
    return this.request('thing.property.desired.delete', wishes, { operation, ...options });
  }

  /**
   * Calls `handler` when the cloud sets properties. If all users of the device reply `auto`, 200 is answered
   * after the handlers; if one is `manual`, `answer` is expected within 60 s. `echo`: after a 200 of our own what has
   * been set is posted, which the console shows only then. Returns how to unsubscribe.
   */
  onPropertySet(reply: ReplyMode, handler: (set: PropertySet) => void, { echo = false } = {}): () => void {
    return this.exchange.inbound.onPropertySet({ reply, handler, echo });
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
    return this.exchange.inbound.onService({ service, handler, onUnanswered });
  }

  /**
   * Answers a property set or a service on the topic that belongs to it. Rejects with `replyLate` (TIMEOUT) when
   * it was answered already or its time is over, with `modelViolation` (CONFIG) when the outputs of `service` are not
   * those of the thing model, and as `publish` does.
   */
  async answer(
    request: { id: string; topic: string; service?: string },
    { code = 200, data = {} }: Answer = {},
  ): Promise<void> {
    await this.exchange.inbound.answer(request, { code, data: this.checkedOutputs(request, code, data) });
  }

  /** Handles the cloud's requests of `method`, such as `thing.config.push`: see `served`. Returns how to stop. */
  serve(method: string, handler: ServeHandler): () => void {
    return this.exchange.served.on(method, handler);
  }

  /**
   * Takes what arrives on `filter` (with wildcards or without), subscribed now if connected, and at each connect.
   * Returns how to unsubscribe.
   */
  subscribeTo(filter: string, handler: MessageHandler): () => void {
    return this.exchange.subscribeTo(filter, handler);
  }

  /**
   * Publishes an object as JSON, text or bytes. Waits for the connection and its turn, with QoS 1 (default) for the
   * acknowledgement too, all together as long as the device's `timeoutMs`. Rejects with `notConnected`,
   * `connectionLost`, `signInRefused`, `deviceDisabled`, `noReply`, `uplinkBusy`, `payloadInvalid` or `closed`.
   */
  async publish(
    topic: string,
    payload: object | string | Buffer,
    { qos = 1, operation = topic }: PublishOptions = {},
  ): Promise<void> {
    const { problem } = this.cloudSwitch;
    if (problem) throw problem;
    const body = encodeMessage(payload, this.label, operation);
    const { uplink } = this.exchange;
    const leftMs = await uplink.turn(this.timeoutMs, qos, operation);
    await uplink.publish({ topic, body, qos, operation }, leftMs);
  }

  onConnect(handler: () => void): () => void {
    this.connectHandlers.add(handler);
    if (this.state === 'connected') this.run(handler);
    return () => this.connectHandlers.delete(handler);
  }

  private changed(): void {
    const { state, problem } = this;
    const { connection } = this.exchange;
    if (connection.state !== 'connected') this.exchange.broken(problem ?? this.closedProblem());
    if (state === 'connected') this.outbox?.resume();
    else this.outbox?.pause();
    this.run(() => this.emit('state', state, problem));
    if (state !== 'connected') return;
    for (const handler of [...this.connectHandlers]) this.run(handler);
  }

  private checkedOutputs({ service }: { service?: string }, code: number, data: unknown): unknown {
    const model = code === 200 && service !== undefined ? this.model : undefined;
    return model && isRecord(data) ? model.checkServiceOutputs(service ?? '', data) : data;
  }

  private echo(params: Record<string, unknown>): void {
    this.postProperties(params, { operation: 'echo of a property set' }).catch((error: unknown) => {
      if (error instanceof MialinkError) this.logger.warn(error);
    });
  }

  private outboxOf(settings: CheckedSettings, store: OutboxStore): Outbox {
    const outbox = new Outbox({
      store,
      deliver: ({ method, params, topic, operation }) => this.request(method, params, { topic, operation }),
      label: this.label,
      logger: this.logger,
      maxBytes: settings.outboxSizeMb * 1024 * 1024,
      maxAgeMs: settings.outboxAgeHours * 3_600_000,
    });
    outbox.on('change', () => this.run(() => this.emit('kept')));
    outbox.on('refused', (entry, problem) => this.run(() => this.emit('refused', entry, problem)));
    return outbox;
  }

  private closedProblem(): MialinkError {
    return new MialinkError('closed', { device: this.label });
  }

  private run(listener: () => unknown): void {
    runListener(this.logger, this.label, listener);
  }
}
