/**
 * One command on its way: what it asks, every id under which it was sent, and the promise that settles exactly once,
 * by the answer, its deadline, its caller or the end of the session.
 */

import { onAbort } from '../abort';
import type { Alarm } from '../alarm';
import type { Backoff } from '../backoff';
import { MialinkError, type PeerError, type Values } from '../errors';
import { withResolvers } from '../wait';
import type { Expectation, Measurement } from './answer-time';
import { type Circumstances, type Clue, explain, weightier } from './clues';
import { meaningOf } from './device-errors';
import type { Request } from './request';
import { Try } from './try';

export interface Answer {
  result: unknown;
  /** The id that was answered. */
  id: number;
  /** From the call to the answer: queue, handshake and retries included. */
  durationMs: number;
}

export interface CommandOptions {
  /** Deadline of the whole command, from now: queue, repeats and retries included. */
  timeoutMs: number;
  /** How often it may be sent again under a new id; 0: one datagram, never repeated. */
  retries: number;
  /** See `CallOptions`. */
  repeatsUnheard?: boolean;
  /** See `CallOptions`. */
  trial?: boolean;
  /** See `CallOptions`. */
  givesWay?: boolean;
  signal?: AbortSignal;
  /** Decimal; when given, no other device is spoken to. */
  deviceId?: string;
}

/** What ends a sleep before the command is finished: its time, or news from the device. */
export type Wakening = 'time' | 'greeted' | 'restarted' | 'refused' | 'busy';

/** Whoever has the command in his queue. */
export interface CommandOwner {
  readonly label: string;
  /** Calls `tick` of every command when it rings. */
  readonly alarm: Alarm;
  /** What is known of the device when the deadline comes. */
  circumstances(command: Command): Circumstances;
  /** It is settled; `failure` is missing after an answer. */
  finished(command: Command, failure?: Error): void;
}

/** Called when a sleep of the command ends. */
export type Awaken = (wakening: Wakening, command: Command) => void;

export class Command {
  readonly method: string;
  readonly body: string;
  readonly retries: number;
  readonly deviceId: string | undefined;
  /** `queued` until those before it have ended. */
  state: 'queued' | 'started' | 'finished' = 'queued';
  /** What the device answered last, if it may be asked again. */
  refusal: PeerError | undefined;
  /** Before it is asked again, when it was busy. */
  pauses: Backoff | undefined;
  /** When its turn came, of `performance.now()`. */
  startedAt = Number.POSITIVE_INFINITY;
  /** How many ids may follow the current one. */
  triesLeft: number;
  private readonly tries: Try[] = [];
  private readonly outcome = withResolvers<Answer>();
  /** Moments of `performance.now()`. */
  private readonly calledAt = performance.now();
  /** Its owner sets the alarm to it. */
  readonly deadlineAt: number;
  private wakeAt = Number.POSITIVE_INFINITY;
  private awaken: Awaken | undefined;
  private unlisten: (() => void) | undefined;
  private clue: Clue | undefined;

  constructor(
    private readonly owner: CommandOwner,
    { method, body }: Request,
    private readonly options: CommandOptions,
  ) {
    this.method = method;
    this.body = body;
    this.retries = options.retries;
    this.triesLeft = options.retries + 1;
    this.deviceId = options.deviceId;
    this.deadlineAt = this.calledAt + options.timeoutMs;
    if (options.signal?.aborted) this.abort();
    else if (options.signal) this.unlisten = onAbort(options.signal, () => this.abort());
  }

  get answer(): Promise<Answer> {
    return this.outcome.promise;
  }

  get open(): boolean {
    return this.state !== 'finished';
  }

  /** False: the silence of the controller is its answer. */
  get repeatsUnheard(): boolean {
    return this.options.repeatsUnheard ?? true;
  }

  /** Its silence is rather its own fault than the device's, or its token's. */
  get isTrial(): boolean {
    return this.options.trial ?? false;
  }

  /** It ends as soon as another command waits too. */
  get givesWay(): boolean {
    return this.options.givesWay ?? false;
  }

  /** Its turn has come. */
  start(): void {
    this.state = 'started';
    this.startedAt = performance.now();
  }

  /** Calls `awaken` at this moment, or before when something happens; once. One sleep at a time. */
  sleepUntil(moment: number, awaken: Awaken): void {
    this.awaken = awaken;
    this.wakeAt = moment;
    this.owner.alarm.set(moment);
  }

  wake(wakening: Wakening): void {
    const { awaken } = this;
    this.awaken = undefined;
    this.wakeAt = Number.POSITIVE_INFINITY;
    awaken?.(wakening, this);
  }

  /** Does what is due: its deadline, or the end of its sleep. Gives the next such moment. */
  tick(now: number): number {
    if (now >= this.deadlineAt) this.expire();
    else if (now >= this.wakeAt) this.wake('time');
    return this.open ? Math.min(this.deadlineAt, this.wakeAt) : Number.POSITIVE_INFINITY;
  }

  /** From `now` on it is sent under this id. */
  beginTry(id: number, now: number, expected: Expectation): Try {
    this.triesLeft--;
    const begun = new Try(id, now, expected, this.triesLeft === 0);
    this.tries.push(begun);
    return begun;
  }

  get currentTry(): Try | undefined {
    return this.tries.at(-1);
  }

  /** The device has refused it, and is asked again: at once, or when it is no longer busy. */
  repeatAfter(refusal: PeerError, wakening: 'refused' | 'busy'): void {
    this.refusal = refusal;
    this.wake(wakening);
  }

  /** An answer to this id has come: how long it took; undefined if the id is none of its own, or answered before. */
  measure(id: number): Measurement | undefined {
    return this.tries.find((one) => one.id === id)?.answered(performance.now());
  }

  resolve(id: number, result: unknown): void {
    if (!this.finish()) return;
    this.outcome.resolve({ id, result, durationMs: Math.round(performance.now() - this.calledAt) });
  }

  reject(error: Error): void {
    if (this.finish(error)) this.outcome.reject(error);
  }

  /** Its caller, or its owner, has given it up. */
  abort(): void {
    this.reject(new MialinkError('aborted', { device: this.owner.label }));
  }

  /** The device answered with an error of its own, and is not asked again. */
  refuse(peer: PeerError): void {
    this.reject(refusalError(this.owner.label, this.method, peer));
  }

  saw(clue: Clue): void {
    // Another command may look for another id.
    if (typeof clue === 'object' && 'found' in clue && clue.deviceId !== this.deviceId) return;
    this.clue = weightier(this.clue, clue);
  }

  /** The device no longer shows itself: an earlier hello proves nothing any more. */
  lostSight(): void {
    if (this.clue === 'greeted') this.clue = undefined;
  }

  /** The device has answered: what was seen before says nothing any more. */
  forgetClue(): void {
    this.clue = undefined;
  }

  private expire(): void {
    if (this.refusal) {
      this.refuse(this.refusal);
      return;
    }
    const { method, options, owner, state } = this;
    const unanswered = { device: owner.label, method, timeoutMs: options.timeoutMs, state };
    this.reject(explain(unanswered, this.clue, owner.circumstances(this)));
  }

  /** True for the first to settle it. */
  private finish(failure?: Error): boolean {
    if (this.state === 'finished') return false;
    this.state = 'finished';
    this.unlisten?.();
    this.awaken = undefined;
    this.owner.finished(this, failure);
    return true;
  }
}

/** Says what the device said, and what it means where that is known. */
function refusalError(device: string, method: string, peer: PeerError): MialinkError {
  const answer = [peer.code, peer.message].filter((part) => part !== '').join(' ');
  const values: Values = { device, method, answer };
  const meaning = meaningOf(peer, method);
  if (meaning !== undefined) values.context = meaning;
  return new MialinkError('deviceRefused', values, { peer });
}
