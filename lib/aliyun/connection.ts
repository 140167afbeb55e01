/**
 * One MQTT connection that comes back by itself.
 *
 *   idle ──open──> connecting ──SUBACK──> connected
 *                   │  │  ^  ^               │
 *                   │  │  │  └─wait─ disconnected <──lost
 *                   │  └──┼──failed──────^
 *                   │     └──wait (long)── refused
 *                   └──CONNACK 4, 5, AUTH──^            any ──close──> closed
 *
 * `connecting` begins with `dial`, which may have to ask where and how to sign in; `connected` means that the
 * subscriptions are acknowledged. A client of mqtt.js serves one connection and is then thrown away, so nothing of an
 * old session reaches the next; mqtt.js' own reconnection is switched off. A silent broker is found by the pings of
 * mqtt.js after 1.5 keepalives, or by `probe` in seconds.
 *
 * Source: MQTT 3.1.1; Alibaba Cloud IoT Platform, "MQTT connection" (CONNACK codes, limits).
 */
import { EventEmitter } from 'node:events';
import type { MqttClient } from 'mqtt';
import { MialinkError } from '../errors';
import { runListener } from '../listener';
import type { Logger } from '../logger';
import { Pending } from '../pending';
import { Acknowledgements } from './acknowledgements';
import type { Dial, Line } from './dial';
import { connectionProblem, disconnection, isExplained, relocation } from './failure';
import { sayGoodBye } from './farewell';
import { type QuickMessage, quickPublish } from './quick-publish';
import { endingOf, type Retry } from './retry';
import { Subscriptions } from './subscriptions';
import type { UplinkMessage } from './uplink';

export type ConnectionState = 'idle' | 'connecting' | 'connected' | 'disconnected' | 'refused' | 'closed';

export interface ConnectionOptions {
  /** For texts. */
  label: string;
  /** For texts, as long as `dial` has not told another one. */
  host: string;
  /** Once for each try. */
  dial: Dial;
  /** What is subscribed at each connect; of more than 100 the first. */
  topics(): string[];
  onMessage(topic: string, payload: Buffer): void;
  retry: Retry;
  logger: Logger;
}

export interface ConnectionEvents {
  /** The new state, and why it is not connected. */
  state: [ConnectionState, MialinkError | undefined];
}

/** One try, and the connection that came of it. */
interface Attempt {
  readonly end: AbortController;
  line?: Line;
  /** When CONNACK came. */
  signedInAt?: number;
  subscriptions?: Subscriptions;
}

/** A registration by MQTT takes the longest, 30 s, then it is stored. */
const DIAL_LIMIT_MS = 45_000;
/** From the client to SUBACK. */
const ATTEMPT_LIMIT_MS = 20_000;
const PROBE_LIMIT_MS = 10_000;

export class Connection extends EventEmitter<ConnectionEvents> {
  private now: ConnectionState = 'idle';
  private why: MialinkError | undefined;
  private current: Attempt | undefined;
  /** While connecting the limit of the try, while connected of a probe, otherwise the wait for the next try. */
  private timer: NodeJS.Timeout | undefined;
  /** Who waits for SUBACK: a table, as a promise shared by all would keep each of them for as long as it is open. */
  private readonly arrivals = new Pending<number, void>();
  private lastArrival = 0;
  private readonly acknowledgements: Acknowledgements;
  /** Where the last try has led. */
  private host: string;
  private toldOfTooMany = false;
  private farewell: Promise<void> | undefined;
  private ended: Promise<void> | undefined;

  constructor(private readonly options: ConnectionOptions) {
    super();
    const { label, host } = options;
    this.acknowledgements = new Acknowledgements(label, () => this.probe());
    this.host = host;
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
   * over, or with the problem itself if that is one of the settings, at once with `signInRefused` while refused and with `closed` after `close`. `operation` is what was to be
   * done, for the text.
   */
  async whenConnected(timeoutMs: number, operation: string): Promise<number> {
    if (this.now === 'connected') return timeoutMs;
    if (this.now === 'refused' && this.why) throw this.why;
    if (this.now === 'closed') throw this.notConnected(operation);
    const start = performance.now();
    this.lastArrival += 1;
    await this.arrivals.wait(this.lastArrival, timeoutMs, () => this.notConnected(operation));
    return Math.max(1, timeoutMs - (performance.now() - start));
  }

  /** Hands a message with QoS 0 to the socket. Throws `notConnected` or `closed`. */
  send(message: QuickMessage & { operation: string }): void {
    const client = this.connectedClient;
    if (!client) throw this.notConnected(message.operation);
    quickPublish(client, message);
  }

  /** As `send`, or with QoS 1 as `Acknowledgements.publish` and with `connectionLost`. */
  async publish(message: UplinkMessage, timeoutMs: number): Promise<void> {
    if (message.qos === 0) return this.send({ ...message, isOneOfMany: true });
    const client = this.connectedClient;
    if (!client) throw this.notConnected(message.operation);
    await this.acknowledgements.publish(client, message, timeoutMs);
  }

  /** Subscribes now, if signed in; otherwise `topics()` does it at the next connect. */
  subscribe(topic: string): void {
    this.current?.subscriptions?.add([topic]);
  }

  unsubscribe(topic: string): void {
    this.current?.subscriptions?.remove(topic);
  }

  /** If connected, says good-bye and connects again soon: `dial` may lead elsewhere now. */
  renew(): void {
    const { current: attempt, connectedClient: client } = this;
    if (!attempt || !client) return;
    this.farewell = sayGoodBye(client);
    this.lost(attempt, relocation());
  }

  /** After a request without reply: unless the broker answers a ping soon, the connection counts as lost. */
  probe(): void {
    const { current: attempt, connectedClient: client } = this;
    if (!client || !attempt || this.timer) return;
    this.startTimer(PROBE_LIMIT_MS, () => this.lost(attempt, new Error('the broker is silent')));
    client.once('packetreceive', () => {
      if (attempt === this.current) this.stopTimer();
    });
    client.sendPing();
  }

  private get connectedClient(): MqttClient | undefined {
    return this.now === 'connected' ? this.current?.line?.client : undefined;
  }

  private attempt(): void {
    const attempt: Attempt = { end: new AbortController() };
    this.current = attempt;
    this.startTimer(DIAL_LIMIT_MS, () => this.lost(attempt, new Error('no answer')));
    this.options.dial(attempt.end.signal).then(
      (line) => this.dialled(attempt, line),
      (error) => this.lost(attempt, error),
    );
    this.enter('connecting', this.why);
  }

  private dialled(attempt: Attempt, line: Line): void {
    const { client } = line;
    if (attempt !== this.current) {
      client.end(true);
      return;
    }
    attempt.line = line;
    this.host = line.host;
    client.on('connect', () => this.signedIn(attempt, client));
    client.on('message', (topic, payload) => this.received(attempt, topic, payload));
    client.on('error', (error) => this.lost(attempt, error));
    client.on('disconnect', ({ reasonCode }) => this.lost(attempt, disconnection(reasonCode)));
    client.on('close', () => this.lost(attempt, new Error('the connection was closed')));
    // Why a WebSocket was refused is said nowhere else.
    client.stream.on('error', (error) => this.lost(attempt, error));
    this.startTimer(ATTEMPT_LIMIT_MS, () => this.lost(attempt, new Error('no answer')));
  }

  private signedIn(attempt: Attempt, client: MqttClient): void {
    if (attempt !== this.current) return;
    attempt.signedInAt = performance.now();
    attempt.subscriptions = new Subscriptions(client, this.options.label, (problem) => {
      if (attempt === this.current) this.warn(problem);
    });
    attempt.subscriptions.add(this.options.topics(), () => {
      if (attempt !== this.current) return;
      this.stopTimer();
      this.options.retry.connected();
      this.arrivals.resolveAll(undefined);
      this.enter('connected', undefined);
    });
  }

  /** Of too many subscriptions once, as nothing gets better by itself. */
  private warn(problem: MialinkError): void {
    const isTooMany = problem.reason === 'subscriptionsTooMany';
    if (isTooMany && this.toldOfTooMany) return;
    this.toldOfTooMany ||= isTooMany;
    this.options.logger.warn(problem);
  }

  private received(attempt: Attempt, topic: string, payload: Buffer): void {
    if (attempt !== this.current) return;
    const { label, logger, onMessage } = this.options;
    runListener(logger, label, () => onMessage(topic, payload));
  }

  /** The present try or connection is over; events of former ones are not ours any more. */
  private lost(attempt: Attempt, error: unknown): void {
    if (attempt !== this.current) return;
    this.current = undefined;
    attempt.end.abort();
    attempt.line?.client.end(true);
    const { label, retry, logger } = this.options;
    const { host } = this;
    const wasConnected = this.now === 'connected';
    const signIn = attempt.line?.signIn;
    const failure = connectionProblem(error, { device: label, host, wasConnected, signIn });
    const { waitMs, takenTimes } = retry.next(endingOf(failure, attempt.signedInAt));
    const isTaken = takenTimes > 0 && !isExplained(failure.cause);
    const problem = isTaken ? new MialinkError('sessionTaken', { device: label }) : failure;
    if (takenTimes === 1) logger.warn(problem);
    const refused = failure.code === 'AUTH';
    if (refused) this.arrivals.rejectAll(problem);
    this.acknowledgements.rejectAll(problem);
    this.startTimer(waitMs, () => this.attempt());
    logger.debug(`${failure.message}; next try in ${waitMs} ms`);
    this.enter(refused ? 'refused' : 'disconnected', problem);
  }

  private async end(): Promise<void> {
    const { current: attempt } = this;
    this.current = undefined;
    this.stopTimer();
    const closed = new MialinkError('closed', { device: this.options.label });
    this.arrivals.rejectAll(closed);
    this.acknowledgements.rejectAll(closed);
    this.enter('closed', undefined);
    attempt?.end.abort();
    await Promise.all([this.farewell, attempt?.line && sayGoodBye(attempt.line.client)]);
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

  private notConnected(operation: string): MialinkError {
    const { why, host } = this;
    const { label: device } = this.options;
    if (this.now === 'closed') return new MialinkError('closed', { device });
    if (why?.code === 'CONFIG') return why;
    const cause = why?.message ?? 'still connecting';
    const context = why ? 'because' : '';
    return new MialinkError('notConnected', { device, host, cause, operation, context }, { cause: why });
  }
}
