/**
 * A device of the Alibaba Cloud IoT Platform as a program uses it: one connection that comes back by itself,
 * requests as promises, the cloud's requests as handlers.
 */
import { MialinkError } from '../errors';
import { isRecord } from '../untrusted';
import type { CloudReply } from './alink';
import type { Answer, ReplyMode } from './answer';
import { DeviceChannel } from './device-channel';
import type { ExchangeOptions } from './exchange';
import { Functions } from './functions';
import type { CloudClock } from './functions/cloud-time';
import type { DeviceLog } from './functions/device-log';
import type { RawData } from './functions/raw-data';
import type { Rrpc } from './functions/rrpc';
import type { Shadow } from './functions/shadow';
import type { PropertySet, ServiceCall } from './inbound';
import { ModelSource, type ThingModel } from './model';
import { Outbox, type OutboxStore } from './outbox';
import { type Posted, type PostOptions, Posts } from './posts';
import type { RequestOptions } from './requests';
import { type AliyunSettings, type CheckedSettings, checkSettings } from './settings';

export interface DeviceOptions extends ExchangeOptions {
  /** What values are checked by: TSL as text or object; `cloud`: asked for at each connect. Default: nothing is checked. */
  thingModel?: unknown;
  /** Keeps what is posted while the cloud is away; default: nothing does. */
  outbox?: OutboxStore;
}

export class AliyunDevice extends DeviceChannel {
  private readonly posts: Posts;
  private readonly outbox: Outbox | undefined;
  private readonly models: ModelSource;
  private usedFunctions: Functions | undefined;

  /** Throws a MialinkError (`CONFIG`) for a missing or malformed setting. Does not connect yet. */
  constructor(settings: AliyunSettings, options: DeviceOptions = {}) {
    const checked = checkSettings(settings);
    super(checked, options);
    this.models = new ModelSource({
      channel: this,
      given: options.thingModel,
      whenConnected: (timeoutMs, operation) => this.whenConnected(timeoutMs, operation),
      logger: this.logger,
    });
    this.outbox = options.outbox && this.outboxOf(checked, options.outbox);
    this.posts = new Posts({
      label: this.label,
      identity: this.identity,
      send: (method, params, options) => this.request(method, params, options),
      outbox: this.outbox,
      timeoutMs: this.timeoutMs,
      models: this.models,
      state: () => this.state,
      mayGoNow: () => this.exchange.uplink.isFree(0),
    });
    this.serve('thing.service.property.get', ({ params }) => ({ data: this.posts.lastOf(params) }));
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

  /** Connects from now on, until `close`. Again: nothing. */
  open(): void {
    this.outbox?.open();
    this.exchange.connection.open();
  }

  /**
   * For good: rejects what is pending with `closed`, says good-bye, and nothing is sent afterwards. Resolves when
   * the socket is closed, after 1 s at most, and the outbox has what was under way. What it keeps stays kept.
   */
  async close(): Promise<void> {
    this.usedFunctions?.close();
    await this.exchange.close();
    await this.posts.settled();
    await this.outbox?.close();
  }

  /**
   * `{identifier: value}` or `{identifier: {value, time}}`. This and the other posts reject as `request` does, and with
   * `modelViolation` or `identifierUnknown` (CONFIG); with an outbox, what cannot be sent now is kept instead.
   */
  postProperties(params: Record<string, unknown>, options?: PostOptions): Promise<Posted> {
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
    const operation = 'desired get';
    const timeoutMs = await this.models.whenSettled(options?.timeoutMs ?? this.timeoutMs, operation);
    const known = this.model?.checkIdentifiers(identifiers) ?? identifiers;
    return this.request('thing.property.desired.get', known, { operation, ...options, timeoutMs });
  }

  /** `{identifier: {version}}`; without a version a wish is deleted even if it is newer than the one seen. */
  async deleteDesired(wishes: Record<string, unknown>, options?: RequestOptions): Promise<CloudReply> {
    const operation = 'desired delete';
    const timeoutMs = await this.models.whenSettled(options?.timeoutMs ?? this.timeoutMs, operation);
    this.model?.checkIdentifiers(Object.keys(wishes));
    return this.request('thing.property.desired.delete', wishes, { operation, ...options, timeoutMs });
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

  /** Made when the first is used: most devices post, and no more. */
  private get functions(): Functions {
    this.usedFunctions ??= new Functions(this);
    return this.usedFunctions;
  }

  protected resume(): void {
    this.models.resume();
    this.outbox?.resume();
  }

  protected pause(problem: MialinkError): void {
    this.models.pause(problem);
    this.outbox?.pause();
  }

  private checkedOutputs({ service }: { service?: string }, code: number, data: unknown): unknown {
    const model = code === 200 && service !== undefined ? this.model : undefined;
    return model && isRecord(data) ? model.checkServiceOutputs(service ?? '', data) : data;
  }

  protected echo(params: Record<string, unknown>): void {
    this.postProperties(params, { operation: 'echo of a property set' }).catch((error: unknown) => {
      if (error instanceof MialinkError) this.logger.warn(error);
    });
  }

  private outboxOf(settings: CheckedSettings, store: OutboxStore): Outbox {
    const outbox = new Outbox({
      store,
      deliver: (entry) => this.posts.deliver(entry),
      mayGoNow: () => this.exchange.uplink.isFree(0),
      label: this.label,
      logger: this.logger,
      maxBytes: settings.outboxSizeMb * 1024 * 1024,
      maxAgeMs: settings.outboxAgeHours * 3_600_000,
    });
    outbox.on('change', () => this.run(() => this.emit('kept')));
    outbox.on('refused', (entry, problem) => this.run(() => this.emit('refused', entry, problem)));
    return outbox;
  }
}
