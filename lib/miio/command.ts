/**
 * One command on its way: what it asks, every id under which it was sent, and the promise that settles exactly once,
 * by the answer, its deadline, its caller or the end of the session. Gathers clues on the way, so that a deadline can
 * be explained.
 */
import { MialinkError, type PeerError, type Values } from '../errors';
import { type Deferred, deferred } from '../wait';
import { encodeRequest, MAX_ID } from './message';
import { MAX_PLAINTEXT_BYTES } from './packet';
import { unsentError } from './socket';

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
  signal?: AbortSignal;
  /** Decimal; when given, no other device is spoken to. */
  deviceId?: string;
}

/** What was seen while the answer was awaited. */
export type Clue =
  /** Hello is answered, so the device is there. */
  | 'greeted'
  /** A data packet from its address that our token does not fit. */
  | 'otherToken'
  /** A plaintext of nothing, or of no JSON. */
  | 'unreadable'
  /** Hello is answered by another did than the configured one. */
  | { found: string; deviceId: string }
  /** The system could not send: its error. */
  | { unsent: unknown };

export class Command {
  /** Every id under which it was sent; the function takes the answer time. */
  readonly ids = new Map<number, () => void>();
  readonly method: string;
  readonly params: unknown;
  readonly retries: number;
  readonly deviceId: string | undefined;
  readonly finished: Promise<Answer>;
  /** `queued` until those before it have ended. */
  state: 'queued' | 'started' | 'finished' = 'queued';
  private readonly startedAt = performance.now();
  private readonly outcome: Deferred<Answer> = deferred();
  private readonly timer: NodeJS.Timeout;
  private readonly signal?: AbortSignal;
  private readonly abort = () => this.reject(new MialinkError('aborted', { device: this.device }));
  private clue: Clue | undefined;

  constructor(
    private readonly device: string,
    request: { method: string; params: unknown },
    private readonly options: CommandOptions,
    private readonly tokenProven: () => boolean,
  ) {
    this.method = request.method;
    this.params = request.params;
    this.retries = options.retries;
    this.deviceId = options.deviceId;
    this.finished = this.outcome.promise;
    this.timer = setTimeout(() => this.reject(this.explain()), options.timeoutMs);
    this.signal = options.signal;
    if (this.signal?.aborted) this.abort();
    else this.signal?.addEventListener('abort', this.abort, { once: true });
  }

  resolve(id: number, result: unknown): void {
    this.finish(() =>
      this.outcome.resolve({ id, result, durationMs: Math.round(performance.now() - this.startedAt) }),
    );
  }

  reject(error: Error): void {
    this.finish(() => this.outcome.reject(error));
  }

  /** The device answered with an error of its own. */
  refuse(peer: PeerError): void {
    const answer = [peer.code, peer.message].filter((part) => part !== '').join(' ');
    this.reject(
      new MialinkError('deviceRefused', { device: this.device, method: this.method, answer }, { peer }),
    );
  }

  /** Its turn has come; false if it is finished already. */
  start(): boolean {
    if (this.state === 'queued') this.state = 'started';
    return this.open;
  }

  get open(): boolean {
    return this.state !== 'finished';
  }

  /** The newest clue counts, but what the device itself sent weighs more than a silence. */
  saw(clue: Clue): void {
    if (this.clue === 'otherToken' || this.clue === 'unreadable') return;
    this.clue = clue;
  }

  /** The device no longer shows itself: an earlier hello proves nothing any more. */
  lostSight(): void {
    if (this.clue === 'greeted') this.clue = undefined;
  }

  /** The device has answered: what was seen before says nothing any more. */
  forgetClue(): void {
    this.clue = undefined;
  }

  private explain(): MialinkError {
    const values: Values = { device: this.device, method: this.method, timeoutMs: this.options.timeoutMs };
    const { clue } = this;
    if (clue === 'otherToken' && !this.tokenProven()) return new MialinkError('tokenOther', values);
    if (clue === 'unreadable') return new MialinkError('answerUnreadable', values);
    if (clue === 'greeted' && !this.tokenProven()) return new MialinkError('tokenRejected', values);
    if (typeof clue !== 'object') {
      return new MialinkError(this.state === 'queued' ? 'notSent' : 'noAnswer', values);
    }
    if ('unsent' in clue) return unsentError(clue.unsent, values);
    return new MialinkError('otherDevice', { ...values, ...clue });
  }

  private finish(settle: () => void): void {
    if (this.state === 'finished') return;
    this.state = 'finished';
    clearTimeout(this.timer);
    this.signal?.removeEventListener('abort', this.abort);
    settle();
  }
}

/** Why nobody could send this request; undefined if it can be sent. */
export function requestProblem(device: string, method: string, params: unknown): MialinkError | undefined {
  try {
    const bytes = encodeRequest(MAX_ID, method, params).length;
    if (bytes <= MAX_PLAINTEXT_BYTES) return undefined;
    return new MialinkError('requestTooLong', { device, method, bytes, limit: MAX_PLAINTEXT_BYTES });
  } catch (cause) {
    const type = 'one with a cycle or a BigInt';
    return new MialinkError('paramsInvalid', { device, method, type }, { cause });
  }
}
