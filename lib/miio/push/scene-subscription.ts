/**
 * The events that a gateway reports, by scenes of ours that it carries out.
 *
 *   sending ─ port 54321 open, every scene taken ▶ subscribed ─ we or the gateway have gone elsewhere ▶ sending
 *      ├────── the gateway knows no scenes ─────▶ unsupported, asked again now and then.     closed: by close()
 *      ├────── the gateway refuses a scene ─────▶ refused, tried again
 *      └────── another program has the port ────▶ portTaken, tried again
 *
 * A gateway keeps its scenes without power: those of a program that ends without `close` stay there, call nobody, and
 * are harmless. Source: python-miio's push server.
 */
import { randomInt } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { Backoff } from '../../backoff';
import { MialinkError, messageOf, type Reason } from '../../errors';
import { runListener } from '../../listener';
import { type Logger, silentLogger } from '../../logger';
import { Rounds } from '../../rounds';
import { isRecord } from '../../untrusted';
import { deferred } from '../../wait';
import { meaningOf } from '../device-errors';
import { localAddressTo } from '../local-address';
import type { Packet } from '../packet';
import type { Session, SessionState } from '../session';
import type { DeviceCall } from './call';
import type { GatewayListener, PushServer } from './push-server';
import { Repeats, Stamps } from './repeats';
import { SCENE_IDS, sceneFrame, sceneMethod, sceneName } from './scene';
import type { SceneEvent } from './scene-event';

export type SceneState = 'sending' | 'subscribed' | 'unsupported' | 'refused' | 'portTaken' | 'closed';

/** Something has happened at a gateway, or at a device behind it. */
export interface SceneReport {
  sourceDid: string;
  sourceModel: string;
  event: string;
  /** Whatever the gateway says of it. */
  params: unknown;
}

export interface SceneOptions {
  /** With the gateway. */
  session: Pick<Session, 'state' | 'address' | 'deviceId' | 'keys' | 'call' | 'on' | 'off'>;
  /** What texts call the gateway. */
  label: string;
  /** Decimal; when given, no other device is told of scenes. */
  deviceId?: string;
  server: PushServer;
  /** As `checkSceneEvents` gives them. */
  events: SceneEvent[];
  /** Default: keeps silent. */
  logger?: Logger;
}

/** An event, its source known, and how we know it again. */
interface Scene {
  id: number;
  method: string;
  event: SceneEvent;
}

const FRAME = 'send_data_frame';
/** What a problem means that only the user can mend; any other goes away by itself. */
const STATES: Partial<Record<Reason, SceneState>> = {
  scenesNotOffered: 'unsupported',
  sceneRefused: 'refused',
  pushPortTaken: 'portTaken',
};

/** How often we look whether our own address is still the same. */
const LOOK_INTERVAL_MS = 60_000;
const UNSUPPORTED_INTERVAL_MS = 10 * 60_000;
const SEND = { timeoutMs: 10_000, retries: 3 };
const REMOVE = { timeoutMs: 2_000, retries: 2 };
/** All scenes together: Node-RED waits no longer than 15 s for a node to close. */
const REMOVE_ALL_MS = 10_000;

export class SceneSubscription extends EventEmitter<{
  state: [SceneState];
  event: [SceneReport];
  /** Why it is not subscribed, once, unless the gateway is away. */
  problem: [MialinkError];
}> {
  private current: SceneState = 'sending';
  private readonly firstId: number;
  private readonly listener: GatewayListener;
  private readonly backoff = new Backoff(1_000, 60_000);
  private readonly repeats = new Repeats();
  private readonly stamps = new Stamps();
  private readonly rounds = new Rounds(() => this.look().catch((error: unknown) => this.failed(error)));
  private scenes: Scene[] = [];
  /** Our address, as the scenes that the gateway has say it. */
  private told: string | undefined;
  private lastProblem: Reason | undefined;
  private readonly ended = deferred<void>();

  constructor(private readonly options: SceneOptions) {
    super();
    this.firstId = randomInt(1, SCENE_IDS - options.events.length);
    const { session } = options;
    this.listener = {
      label: options.label,
      get address() {
        return session.address;
      },
      keys: session.keys,
      hear: (call, packet) => this.hear(call, packet),
    };
  }

  get state(): SceneState {
    return this.current;
  }

  /** From now on keeps the scenes in the gateway, as soon as it is there. */
  start(): void {
    if (this.rounds.state !== 'new') return;
    this.options.session.on('state', this.follow);
    this.options.session.on('restarted', this.restarted);
    this.rounds.start();
  }

  /** Takes the scenes out of the gateway, if it is there; resolves when that is done, in 10 s at the latest. */
  close(): Promise<void> {
    if (this.current !== 'closed') {
      this.setState('closed');
      this.end().then(this.ended.resolve, this.ended.reject);
    }
    return this.ended.promise;
  }

  private async end(): Promise<void> {
    const { server, session } = this.options;
    session.off('state', this.follow);
    session.off('restarted', this.restarted);
    await this.rounds.end();
    await this.removeScenes();
    await server.leave(this.listener);
  }

  /** One after the other, so that each has its time: a gateway is slow, and bears few commands at once. */
  private async removeScenes(): Promise<void> {
    const { session } = this.options;
    const endsAt = performance.now() + REMOVE_ALL_MS;
    for (const { id } of this.scenes) {
      const leftMs = Math.floor(endsAt - performance.now());
      if (leftMs < 1 || session.state !== 'connected') return;
      const options = { ...REMOVE, timeoutMs: Math.min(REMOVE.timeoutMs, leftMs) };
      await session.call('miIO.xdel', [sceneName(id)], options).catch((error: unknown) => this.note(error));
    }
  }

  private readonly follow = (state: SessionState): void => {
    // Who was away may have been reset, or be another one.
    if (state === 'disconnected') this.forget();
    if (state === 'connected') this.rounds.awaken();
    if (state === 'closed') void this.close();
  };

  private readonly restarted = () => this.stamps.forget();

  private forget(): void {
    this.told = undefined;
    if (this.current === 'subscribed') this.setState('sending');
  }

  /** Does what is missing; returns when to look again, in milliseconds. */
  private async look(): Promise<number> {
    const { label, server, session } = this.options;
    await server.listen(this.listener);
    const ours = server.bindAddress || (await localAddressTo(session.address, label));
    if (ours !== this.told) await this.send(ours);
    this.setState('subscribed');
    this.lastProblem = undefined;
    this.backoff.reset();
    return LOOK_INTERVAL_MS;
  }

  private async send(address: string): Promise<void> {
    const { events, session } = this.options;
    const { token } = session.keys;
    const ownModel = events.some(({ sourceDid }) => sourceDid === '') ? await this.askModel() : '';
    for (const [index, event] of events.entries()) {
      const own = event.sourceDid === '';
      const id = this.firstId + index;
      const known = own ? { ...event, sourceDid: session.deviceId ?? '', sourceModel: ownModel } : event;
      this.scenes[index] = { id, event: known, method: sceneMethod(id, known) };
      const frame = sceneFrame(id, known, { address, token, own }, Math.floor(Date.now() / 1_000));
      await this.sendFrame(frame).catch((error: unknown) => {
        throw this.refusal(error, index + 1);
      });
    }
    this.told = address;
  }

  private hear({ id, method, params }: DeviceCall, { stamp, checksumField }: Packet): boolean {
    const scene = this.scenes.find((one) => one.method === method);
    // Not answered when stale: a gateway that has restarted calls again, and is heard once we know that it has.
    if (!scene || this.current === 'closed' || this.stamps.isStale(stamp)) return false;
    const { sourceDid, sourceModel, event } = scene.event;
    if (!this.repeats.isRepeat(id, checksumField)) {
      this.tell(() => this.emit('event', { sourceDid, sourceModel, event, params }));
    }
    return true;
  }

  private async askModel(): Promise<string> {
    const result = await this.ask('miIO.info', []);
    if (isRecord(result) && typeof result.model === 'string') return result.model;
    throw this.unexpected('miIO.info');
  }

  private async sendFrame(frame: object): Promise<void> {
    const result = await this.ask(FRAME, frame);
    if (!Array.isArray(result) || result[0] !== 'ok') throw this.unexpected(FRAME);
  }

  private async ask(method: string, params: object): Promise<unknown> {
    const { result } = await this.options.session.call(method, params, {
      ...SEND,
      deviceId: this.options.deviceId,
      signal: this.rounds.signal,
    });
    return result;
  }

  /** What it means that a scene, the `number`th, was refused: this one, or all that there are. */
  private refusal(error: unknown, number: number): unknown {
    if (!(error instanceof MialinkError) || !error.peer) return error;
    const { peer } = error;
    const reason = meaningOf(peer, FRAME) === 'method' ? 'scenesNotOffered' : 'sceneRefused';
    const { answer = '' } = error.values;
    return new MialinkError(reason, { device: this.options.label, number, answer }, { peer });
  }

  private unexpected(method: string): MialinkError {
    return new MialinkError('answerUnexpected', { device: this.options.label, method });
  }

  private failed(error: unknown): number {
    if (this.current === 'closed') return 0;
    this.note(error);
    const problem = error instanceof MialinkError ? error : undefined;
    const state = (problem && STATES[problem.reason]) ?? 'sending';
    this.setState(state);
    // That the gateway is away, its own state says.
    if (problem && this.options.session.state === 'connected' && problem.reason !== this.lastProblem) {
      this.lastProblem = problem.reason;
      this.tell(() => this.emit('problem', problem));
    }
    return state === 'unsupported' ? UNSUPPORTED_INTERVAL_MS : this.backoff.next();
  }

  private setState(state: SceneState): void {
    if (this.current === state || this.current === 'closed') return;
    this.current = state;
    this.tell(() => this.emit('state', state));
  }

  private tell(emit: () => void): void {
    runListener(this.options.logger ?? silentLogger, this.options.label, emit);
  }

  private note(error: unknown): void {
    this.options.logger?.debug(`${this.options.label}: ${messageOf(error)}`);
  }
}
