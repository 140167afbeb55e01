/**
 * A device of the Alibaba Cloud IoT Platform as far as it sends and receives: its connection, which the cloud may switch
 * off, with requests, messages and the cloud's own requests on it. What they are about is not its business.
 */
import { EventEmitter } from 'node:events';
import { MialinkError } from '../errors';
import { runListener } from '../listener';
import { type Logger, silentLogger } from '../logger';
import { type CloudReply, encodeMessage } from './alink';
import type { AnswerOptions, CloudChannel, MessageHandler, PublishOptions, ServeHandler } from './channel';
import { CloudSwitch, type DeviceState } from './device-state';
import { Exchange, type ExchangeOptions } from './exchange';
import type { Identity } from './identity';
import type { OutboxEntry } from './outbox';
import type { RequestOptions } from './requests';
import { additionalRoots } from './roots';
import type { CheckedSettings } from './settings';
import { isFilter } from './topics';

export interface DeviceEvents {
  /** The new state, and why it is not connected. */
  state: [DeviceState, MialinkError | undefined];
  /** Of what the outbox kept, the cloud will never take this. */
  refused: [OutboxEntry, MialinkError];
  /** More or less waits in the outbox than before. */
  kept: [];
}

/** Of a filter in an error. */
const LONGEST_QUOTE = 80;

export abstract class DeviceChannel extends EventEmitter<DeviceEvents> implements CloudChannel {
  /** `deviceName (productKey)`, for texts. */
  readonly label: string;
  readonly identity: Identity;
  readonly timeoutMs: number;
  readonly additionalRoots: string[];
  protected readonly logger: Logger;
  protected readonly exchange: Exchange;
  private readonly cloudSwitch: CloudSwitch;
  private readonly connectHandlers = new Set<() => void>();

  constructor(settings: CheckedSettings, options: ExchangeOptions) {
    super();
    // Every node of a flow listens.
    this.setMaxListeners(0);
    const { productKey, deviceName } = settings.triple;
    this.label = settings.label;
    this.identity = { productKey, deviceName };
    this.timeoutMs = settings.timeoutMs;
    this.logger = options.logger ?? silentLogger;
    this.additionalRoots = additionalRoots(settings.ca);
    this.exchange = new Exchange(settings, options, { echo: (params) => this.echo(params) });
    this.cloudSwitch = new CloudSwitch(this.label, () => this.changed());
    this.cloudSwitch.serve(this);
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

  /** The topics that are subscribed at each connect. */
  get subscriptions(): string[] {
    return this.exchange.subscriptions;
  }

  /**
   * Sends a request of the thing model, such as `thing.event.property.post`, and waits for the cloud's reply
   * (code 200). Rejects with a MialinkError: `notConnected`, `connectionLost` (TRANSPORT), `signInRefused`,
   * `deviceDisabled` (AUTH), `noReply`, `uplinkBusy` (TIMEOUT), `cloudRefused` (DEVICE, with `peer`),
   * `downlinkMalformed` (CODEC), `payloadInvalid` (CONFIG), `closed` (CANCELLED). The reply topic must be one of
   * `topics.subscriptions`.
   */
  request(method: string, params: unknown, options?: RequestOptions): Promise<CloudReply> {
    const { problem } = this.cloudSwitch;
    return problem ? Promise.reject(problem) : this.exchange.requests.send(method, params, options);
  }

  /** Handles the cloud's requests of `method`, such as `thing.config.push`: see `served`. Returns how to stop. */
  serve(method: string, handler: ServeHandler): () => void {
    return this.exchange.served.on(method, handler);
  }

  /**
   * Takes what arrives on `filter` (with wildcards or without), subscribed now if connected, and at each connect.
   * Returns how to unsubscribe. Throws `topicInvalid` (CONFIG) for what is no filter.
   */
  subscribeTo(filter: string, handler: MessageHandler): () => void {
    if (!isFilter(filter)) {
      const rule = 'a filter of MQTT that begins with a slash';
      throw new MialinkError('topicInvalid', {
        device: this.label,
        topic: filter.slice(0, LONGEST_QUOTE),
        rule,
      });
    }
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

  /**
   * Publishes the answer to a call of the cloud: it waits for the connection, but not for its turn. Rejects with what
   * `settle` throws, and as `publish` does.
   */
  async publishAnswer(
    topic: string,
    payload: object | string | Buffer,
    { qos, operation, settle }: AnswerOptions,
  ): Promise<void> {
    const { problem } = this.cloudSwitch;
    if (problem) throw problem;
    const body = encodeMessage(payload, this.label, operation);
    await this.exchange.uplink.answer({ topic, body, qos, operation }, this.timeoutMs, settle);
  }

  /** To be called when a message has no reply in time: if the broker is silent too, the connection is given up soon. */
  probe(): void {
    this.exchange.connection.probe();
  }

  onConnect(handler: () => void): () => void {
    this.connectHandlers.add(handler);
    if (this.state === 'connected') this.run(handler);
    return () => this.connectHandlers.delete(handler);
  }

  /** Resolves with what is left of the time, see `Connection.whenConnected`. */
  protected async whenConnected(timeoutMs: number, operation: string): Promise<number> {
    const { problem } = this.cloudSwitch;
    if (problem) throw problem;
    return this.exchange.connection.whenConnected(timeoutMs, operation);
  }

  /** What has been set by the cloud is to be posted. */
  protected abstract echo(params: Record<string, unknown>): void;

  /** Connected: what waits for that may go, before anybody is told. */
  protected abstract resume(): void;

  /** Not connected, for this reason. */
  protected abstract pause(problem: MialinkError): void;

  protected run(listener: () => unknown): void {
    runListener(this.logger, this.label, listener);
  }

  private changed(): void {
    const { state, problem, label } = this;
    const { connection } = this.exchange;
    if (state === 'connected') {
      this.resume();
    } else {
      const why = problem ?? new MialinkError('closed', { device: label });
      if (connection.state !== 'connected') this.exchange.broken(why);
      this.pause(why);
    }
    this.run(() => this.emit('state', state, problem));
    if (state !== 'connected') return;
    for (const handler of [...this.connectHandlers]) this.run(handler);
  }
}
