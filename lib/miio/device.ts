/** A miIO device as a program uses it: settings checked once, commands as promises, the state as an event. */
import { EventEmitter } from 'node:events';
import { MialinkError } from '../errors';
import type { Answer } from './command';
import type { Session, SessionState } from './session';
import { type CheckedSettings, wholeNumber } from './settings';

export interface CallOptions {
  /** Default: the device's. */
  timeoutMs?: number;
  /** Default: the device's. 0: one datagram, never repeated, for what must not run twice. */
  retries?: number;
  signal?: AbortSignal;
}

export class MiioDevice extends EventEmitter<{ state: [SessionState] }> {
  private use: 'used' | 'closed' = 'used';
  private readonly forward = (state: SessionState) => this.emit('state', state);

  /** By `Network.device`; `release` gives the shared session back. */
  constructor(
    private readonly settings: CheckedSettings,
    private readonly session: Session,
    private readonly release: () => void,
  ) {
    super();
    // Any number of nodes may watch the state of one device: that is no leak to warn of.
    this.setMaxListeners(0);
    session.on('state', this.forward);
  }

  get label(): string {
    return this.settings.label;
  }

  get state(): SessionState {
    return this.session.state;
  }

  /** Decimal; undefined while it is neither configured nor told by a hello. */
  get deviceId(): string | undefined {
    return this.settings.deviceId ?? this.session.deviceId;
  }

  /** Where the device was last heard. */
  get address(): string {
    return this.session.address;
  }

  /** Says hello by itself from now on, so that `state` is true without a command. */
  watch(): void {
    this.session.startWatch(this.settings.deviceId);
  }

  /**
   * Sends one command. `params` is an array or an object; default []. The token is taken out of the answer of
   * miIO.info. Rejects with a MialinkError: CONFIG, TRANSPORT, TIMEOUT, AUTH, CODEC, DEVICE or CANCELLED.
   */
  async call(method: string, params: unknown = [], options: CallOptions = {}): Promise<Answer> {
    const device = this.label;
    if (this.use === 'closed') throw new MialinkError('closed', { device });
    if (method.trim() === '') throw new MialinkError('methodMissing', { device });
    if (typeof params !== 'object' || params === null) {
      throw new MialinkError('paramsInvalid', {
        device,
        method,
        type: params === null ? 'null' : typeof params,
      });
    }
    const answer = await this.session.call(method, params, {
      timeoutMs: wholeNumber(device, 'timeoutMs', 1, options.timeoutMs ?? this.settings.timeoutMs),
      retries: wholeNumber(device, 'retries', 0, options.retries ?? this.settings.retries),
      signal: options.signal,
      deviceId: this.settings.deviceId,
    });
    return method === 'miIO.info' ? { ...answer, result: withoutToken(answer.result) } : answer;
  }

  /** Gives the session up; its other users keep it. */
  close(): void {
    if (this.use === 'closed') return;
    this.use = 'closed';
    this.session.off('state', this.forward);
    this.release();
  }
}

/** miIO.info tells the token; nobody needs it who got an answer. */
function withoutToken(result: unknown): unknown {
  if (typeof result !== 'object' || result === null || !('token' in result)) return result;
  const { token: _, ...rest } = result;
  return rest;
}
