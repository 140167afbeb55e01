/** A miIO device as a program uses it: settings checked once, commands as promises, the state as an event. */
import { EventEmitter } from 'node:events';
import { MialinkError } from '../errors';
import type { Caller, CallOptions } from './caller';
import type { Answer, CommandOptions } from './command';
import { type DeviceInfo, deviceInfo } from './device-info';
import { PropertyAccess } from './properties';
import type { SceneEvent, SceneSubscription, Subscription } from './push';
import type { Session, SessionState } from './session';
import { type CheckedSettings, wholeNumber } from './settings';
import type { SharedDevice } from './shared-device';

/**
 * One device, by `Network.device`. Emits `state` when its state changes, and nothing else: errors are those of calls.
 *
 *     const { result } = await device.call('get_prop', ['power', 'bright'], { signal: AbortSignal.timeout(2_000) });
 */
export class MiioDevice extends EventEmitter<{ state: [SessionState] }> implements Caller {
  private readonly session: Session;
  private access: PropertyAccess | undefined;
  private use: 'used' | 'closed' = 'used';
  private readonly forward = () => this.emit('state', this.state);

  /** By `Network.device`; `release` gives the shared part back. */
  constructor(
    private readonly settings: CheckedSettings,
    private readonly shared: SharedDevice,
    private readonly release: () => void,
  ) {
    super();
    this.session = shared.session;
    // Any number of nodes may watch the state of one device: that is no leak to warn of.
    this.setMaxListeners(0);
    this.session.on('state', this.forward);
  }

  get label(): string {
    return this.settings.label;
  }

  /** `disconnected` also while the device at the address is another one than the configured. */
  get state(): SessionState {
    const { deviceId } = this.settings;
    const found = this.session.deviceId;
    const another = deviceId !== undefined && found !== undefined && found !== deviceId;
    return another && this.session.state === 'connected' ? 'disconnected' : this.session.state;
  }

  /** Decimal; undefined while it is neither configured nor told by a hello. */
  get deviceId(): string | undefined {
    return this.settings.deviceId ?? this.session.deviceId;
  }

  /** Where the device was last heard. */
  get address(): string {
    return this.session.address;
  }

  /** The address of this machine from which it is spoken to; blank: any. */
  get bindAddress(): string {
    return this.settings.bindAddress;
  }

  /** Whether its firmware is being upgraded, by whomever; see `upgradeFirmware`. */
  get upgrade(): SharedDevice['upgrade'] {
    return this.shared.upgrade;
  }

  /** Its properties and actions, those of MIoT and classic ones. */
  get properties(): PropertyAccess {
    // Most of a thousand devices are never asked for any.
    const { timeoutMs, retries } = this.settings;
    this.access ??= new PropertyAccess(this, timeoutMs, retries, this.shared.limits);
    return this.access;
  }

  /** Says hello by itself from now on, so that `state` is true without a command. Throws `closed`. */
  watch(): void {
    if (this.use === 'closed' || this.session.state === 'closed') {
      throw new MialinkError('closed', { device: this.label });
    }
    this.session.startWatch(this.settings.deviceId);
  }

  /**
   * Sends one command. `params` is an array or an object; default []. The token is taken out of the answer of
   * miIO.info. Rejects with a MialinkError: CONFIG, TRANSPORT, TIMEOUT, AUTH, CODEC, DEVICE or CANCELLED.
   */
  call(method: string, params: unknown = [], options: CallOptions = {}): Promise<Answer> {
    try {
      this.check(method, params);
      const answer = this.session.call(method, params, this.commandOptions(options));
      return method === 'miIO.info' ? answer.then(withoutToken) : answer;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Who the device says it is: the answer of miIO.info, without its token. Rejects as `call` does. */
  async info(options?: CallOptions): Promise<DeviceInfo> {
    return deviceInfo((await this.call('miIO.info', [], options)).result);
  }

  /**
   * What the device reports of its own accord, if it does (MIoT devices with a local subscription); shared by all who
   * use the device, and closed with the last of them. Throws `closed`.
   */
  subscribe(): Subscription {
    this.watch();
    return this.shared.subscribe(this.settings);
  }

  /**
   * What a gateway is to report. The caller closes it. Throws `settingInvalid` for events that are incomplete, or
   * `closed`.
   */
  subscribeScenes(events: readonly SceneEvent[]): SceneSubscription {
    this.watch();
    return this.shared.subscribeScenes(this.settings, events);
  }

  /** Throws what is wrong with a call. */
  private check(method: string, params: unknown): void {
    const device = this.label;
    if (this.use === 'closed') throw new MialinkError('closed', { device });
    if (typeof method !== 'string' || method.trim() === '')
      throw new MialinkError('methodMissing', { device });
    if (typeof params === 'object' && params !== null) return;
    const type = params === null ? 'null' : typeof params;
    throw new MialinkError('paramsInvalid', { device, method, type });
  }

  /** Those of a call, and the device's own where it names none. */
  private commandOptions(options: CallOptions): CommandOptions {
    const { label, settings } = this;
    return {
      ...options,
      timeoutMs: wholeNumber(label, 'timeoutMs', 1, options.timeoutMs ?? settings.timeoutMs),
      retries: wholeNumber(label, 'retries', 0, options.retries ?? settings.retries),
      deviceId: settings.deviceId,
    };
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
function withoutToken(answer: Answer): Answer {
  const { result } = answer;
  if (typeof result !== 'object' || result === null || !('token' in result)) return answer;
  const { token: _, ...rest } = result;
  return { ...answer, result: rest };
}
