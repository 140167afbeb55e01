/**
 * One MQTT connection that comes back by itself.
 *
 *   idle ──open──> connecting ──SUBACK──> connected
 *                   │  │  ^  ^               │
 *                   │  │  │  └─wait─ disconnected <──lost
 *                   │  └──┼──failed──────^
 *                   │     └──wait (long)── refused
 *                   └──CONNACK 4, 5────────^            any ──close──> closed
 *
 * `connected` means that the subscriptions are acknowledged. A client of mqtt.js serves one connection and is
 * then thrown away, so nothing of an old session reaches the next; mqtt.js' own reconnection is switched off.
 * A silent broker is found by the pings of mqtt.js after 1.5 keepalives, or by `probe` in seconds.
 *
 * Source: MQTT 3.1.1; Alibaba Cloud IoT Platform, "MQTT connection" (CONNACK codes, limits).
 */
import { EventEmitter } from 'node:events';
import type { MqttClient } from 'mqtt';
import { MialinkError } from '../errors';
import { runListener } from '../listener';
import type { Logger } from '../logger';
import { Pending } from '../pending';
import { timePassed } from '../wait';
import { connectionProblem, refusedTopics } from './failure';
import type { Ending, Retry } from './retry';

export type ConnectionState = 'idle' | 'connecting' | 'connected' | 'disconnected' | 'refused' | 'closed';

export interface ConnectionOptions {
  /** For texts. */
  label: string;
  host: string;
  /** Makes a client that is connecting; may throw. */
  dial(): MqttClient;
  /** What is subscribed at each connect. */
  topics(): string[];
  onMessage(topic: string, payload: Buffer): void;
  retry: Retry;
  logger: Logger;
}

export interface ConnectionEvents {
  /** The new state, and why it is not connected. */
  state: [ConnectionState, MialinkError | undefined];
}

/** From the first try to SUBACK. */
const ATTEMPT_LIMIT_MS = 20_000;
const PROBE_LIMIT_MS = 10_000;
/** The farewell of a connection whose peer is silent. */
const FAREWELL_MS = 900;

export class Connection extends EventEmitter<ConnectionEvents> {
  private now: ConnectionState = 'idle';
  private why: MialinkError | undefined;
  private client: MqttClient | undefined;
  /** While connecting the limit of the try, while connected of a probe, otherwise the wait for the next try. */
  private timer: NodeJS.Timeout | undefined;
  /** When CONNACK came; undefined before. */
  private signedInAt: number | undefined;
  /** Who waits for SUBACK: a table, as a promise shared by all would keep each of them for as long as it is open. */
  private readonly arrivals = new Pending<number, void>();
  private readonly unacknowledged = new Pending<number, void>();
  /** Of both tables. */
  private lastKey = 0;
  private ended: Promise<void> | undefined;

  constructor(private readonly options: ConnectionOptions) {
    super();
  }

  get state(): ConnectionState {
    return this.now;
  }

  /** Why it is not connected; undefined while it is, and before the first failure. */
  get problem(): MialinkError | undefined {
    return this.why;
  }

  /** Connects from now on, until `close`. Again: nothing. */
  open(): void {
    if (this.now === 'idle') this.attempt();
  }

  /** Says good-bye; nothing is sent afterwards. Resolves when the socket is closed, after 1 s at most. */
  close(): Promise<void> {
    this.ended ??= this.end();
    return this.ended;
  }

  /**
   * Resolves with what is left of the time, in milliseconds, at least 1. Rejects with `notConnected` when it is
   * over, at once with `signInRefused` while refused and with `closed` after `close`. `operation` is what was to be
   * done, for the text.
   */
  async whenConnected(timeoutMs: number, operation: string): Promise<number> {
    if (this.now === 'connected') return timeoutMs;
    if (this.now === 'refused' && this.why) throw this.why;
    if (this.now === 'closed') throw this.notConnected(operation);
    const start = performance.now();
    await this.arrivals.wait(this.takeKey(), timeoutMs, () => this.notConnected(operation));
    return Math.max(1, timeoutMs - (performance.now() - start));
  }

  /**
   * Publishes now. QoS 0 resolves when the message is handed to the socket, QoS 1 when the broker has
   * acknowledged it. Rejects with `notConnected`, `connectionLost`, `noReply` or `closed`.
   */
  async publish(
    message: { topic: string; body: string; qos: 0 | 1; operation: string },
    timeoutMs: number,
  ): Promise<void> {
    const { topic, body, qos, operation } = message;
    if (this.now !== 'connected' || !this.client) throw this.notConnected(operation);
    if (qos === 0) {
      this.client.publish(topic, body, { qos }, () => undefined);
      return;
    }
    const key = this.takeKey();
    const acknowledged = this.unacknowledged.wait(
      key,
      timeoutMs,
      () => new MialinkError('noReply', { device: this.options.label, operation, timeoutMs }),
    );
    // Its error is the connection's end, which rejects all at once.
    this.client.publish(topic, body, { qos }, (error) => {
      if (!error) this.unacknowledged.resolve(key, undefined);
    });
    await acknowledged;
  }

  /** Subscribes now, if connected; otherwise `topics()` does it at the next connect. */
  subscribe(topic: string): void {
    if (this.now === 'connected' && this.client) this.subscribeAll(this.client, [topic], () => undefined);
  }

  unsubscribe(topic: string): void {
    if (this.now === 'connected') this.client?.unsubscribe(topic, () => undefined);
  }

  /** After a request without reply: unless the broker answers a ping soon, the connection counts as lost. */
  probe(): void {
    const { client } = this;
    if (this.now !== 'connected' || !client || this.timer) return;
    this.startTimer(PROBE_LIMIT_MS, () => this.lost(client, new Error('the broker is silent')));
    client.once('packetreceive', () => {
      if (client === this.client) this.stopTimer();
    });
    client.sendPing();
  }

  private attempt(): void {
    this.signedInAt = undefined;
    let client: MqttClient;
    try {
      client = this.options.dial();
    } catch (error) {
      this.lost(undefined, error);
      return;
    }
    this.client = client;
    client.on('connect', () => this.signedIn(client));
    client.on('message', (topic, payload) => this.received(client, topic, payload));
    client.on('error', (error) => this.lost(client, error));
    client.on('close', () => this.lost(client, new Error('the connection was closed')));
    this.startTimer(ATTEMPT_LIMIT_MS, () => this.lost(client, new Error('no answer')));
    this.enter('connecting', this.why);
  }

  private signedIn(client: MqttClient): void {
    if (client !== this.client) return;
    this.signedInAt = performance.now();
    this.subscribeAll(client, this.options.topics(), () => {
      if (client !== this.client) return;
      this.stopTimer();
      this.options.retry.connected();
      this.arrivals.resolveAll(undefined);
      this.enter('connected', undefined);
    });
  }

  /** `done` when the broker has answered, even if it refused some: the others serve. */
  private subscribeAll(client: MqttClient, topics: string[], done: () => void): void {
    client.subscribe(topics, { qos: 1 }, (error, _subscriptions, suback) => {
      if (error && !suback) return;
      for (const topic of refusedTopics(topics, suback?.granted)) {
        this.options.logger.warn(
          new MialinkError('subscriptionRefused', { device: this.options.label, topic }),
        );
      }
      done();
    });
  }

  private received(client: MqttClient, topic: string, payload: Buffer): void {
    if (client !== this.client) return;
    const { label, logger, onMessage } = this.options;
    runListener(logger, label, () => onMessage(topic, payload));
  }

  /** The present try or connection is over; events of former clients are not ours any more. */
  private lost(client: MqttClient | undefined, error: unknown): void {
    if (client !== this.client || this.now === 'closed') return;
    this.client = undefined;
    client?.end(true);
    const { label, host, retry, logger } = this.options;
    const wasConnected = this.now === 'connected';
    const failure = connectionProblem(error, { device: label, host, wasConnected });
    const { waitMs, takenTimes } = retry.next(this.ending(failure));
    const problem = takenTimes > 0 ? new MialinkError('sessionTaken', { device: label }) : failure;
    if (takenTimes === 1) logger.warn(problem);
    const refused = failure.reason === 'signInRefused';
    if (refused) this.arrivals.rejectAll(problem);
    this.unacknowledged.rejectAll(problem);
    this.startTimer(waitMs, () => this.attempt());
    logger.debug(`${failure.message}; next try in ${waitMs} ms`);
    this.enter(refused ? 'refused' : 'disconnected', problem);
  }

  private ending(failure: MialinkError): Ending {
    if (failure.reason === 'signInRefused') return { kind: 'refused' };
    if (this.signedInAt === undefined) return { kind: 'failed' };
    return { kind: 'lost', connectedMs: performance.now() - this.signedInAt };
  }

  private async end(): Promise<void> {
    const { client } = this;
    this.client = undefined;
    this.stopTimer();
    const closed = new MialinkError('closed', { device: this.options.label });
    this.arrivals.rejectAll(closed);
    this.unacknowledged.rejectAll(closed);
    this.enter('closed', undefined);
    if (client) await sayGoodBye(client);
  }

  /** Last in every change, for a listener may close us. */
  private enter(state: ConnectionState, problem: MialinkError | undefined): void {
    this.now = state;
    this.why = problem;
    runListener(this.options.logger, this.options.label, () => this.emit('state', state, problem));
  }

  private startTimer(ms: number, work: () => void): void {
    this.stopTimer();
    this.timer = setTimeout(work, ms);
  }

  private stopTimer(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private takeKey(): number {
    this.lastKey += 1;
    return this.lastKey;
  }

  private notConnected(operation: string): MialinkError {
    const { label: device, host } = this.options;
    if (this.now === 'closed') return new MialinkError('closed', { device });
    const cause = this.why?.values.cause ?? this.why?.message ?? 'still connecting';
    return new MialinkError('notConnected', { device, host, cause, operation });
  }
}

async function sayGoodBye(client: MqttClient): Promise<void> {
  if (!client.connected) {
    client.end(true);
    return;
  }
  // mqtt.js holds DISCONNECT back until these are acknowledged, which a silent peer never does.
  for (const id of Object.keys(client.outgoing)) client.removeOutgoingMessage(Number(id));
  const gone = new Promise<void>((resolve) => {
    client.end(false, {}, () => resolve());
  });
  if (await timePassed(FAREWELL_MS, gone)) client.stream.destroy();
}
