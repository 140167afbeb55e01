/**
 * The upgrade of a device's firmware from an address that a client gives.
 *
 *   idle --miIO.ota--> downloading --MD5 right--> downloaded --> installing --restart--> idle, with a new version
 *                           \__________failed__________/______________/
 *
 * Source: reference/miio.md 4.4, error codes 2.6. Not in the document and chosen here: `failed` stays until the next
 * miIO.ota or restart; a second miIO.ota meanwhile is refused as busy.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Faults } from './faults';
import type { Board } from './firmware';
import { download } from './firmware-download';
import { invalidParams, type Method, Refusal } from './methods';
import { isRecord } from './wire';

const STEP_MS = 5;
const NO_UPGRADE_RUNS = 101;
const STUCK_AT_PERCENT = 50;
/** How often a rejected image is fetched before the device gives up. */
const REJECTED_FETCHES = 3;

export interface OtaOptions {
  /** The version that an image brings, told by miIO.info after it is installed. Default '2.0.0' for any image. */
  firmwareOf?: (image: Buffer) => string;
  /** Fetches the image in pieces of so many bytes, each with a GET and Range. Default: all of it in one GET. */
  pieceBytes?: number;
  /** How long it takes at least to fetch the image, in milliseconds, so that a bar is seen moving. Default 0. */
  downloadMs?: number;
  /** How long each step takes, in milliseconds. Default 5. */
  stepMs?: number;
  /** How long the device is away when it restarts with the new firmware, in milliseconds. Default: one step. */
  restartMs?: number;
  /** Other words of miIO.get_ota_state, such as `{downloaded: 'dowloaded'}` of some. */
  stateNames?: Partial<Record<OtaState, string>>;
}

export type OtaState = 'idle' | 'downloading' | 'downloaded' | 'installing' | 'failed';

/** How an upgrade goes wrong. */
export type OtaFault =
  | 'busy' // the state is busy, and miIO.ota is refused with -30012
  | 'minusOne' // the result of miIO.ota is -1, and nothing else happens
  | 'httpsOnly' // an http address is refused with -33003
  | 'neverFetches' // downloading for ever at 0 %, without any request
  | 'stuck' // downloading for ever at 50 %
  | 'rejectsImage' // three times the whole image, then idle with the old version
  | 'failsToInstall' // installing, then failed
  | 'silentInstall'; // away from the network while it installs

interface Order {
  url: string;
  md5: string;
}

export class Ota {
  /** Of the image that was installed; undefined: still that of the factory. */
  version: string | undefined;
  /** `idle` again after a restart, of which the event `started` tells. */
  private state: OtaState = 'idle';
  private percent = 0;
  /** Ends the upgrade under way. */
  private power = new AbortController();

  constructor(
    private readonly options: OtaOptions,
    private readonly faults: Pick<Faults, 'ota'>,
    private readonly board: Pick<Board, 'events' | 'address' | 'restart'>,
  ) {}

  get methods(): [string, Method][] {
    return [
      ['miIO.ota', (params) => this.order(params)],
      ['miIO.get_ota_state', (params) => [this.tellState(params)]],
      ['miIO.get_ota_progress', (params) => [this.tellProgress(params)]],
    ];
  }

  /** As when the device loses power. */
  forget(): void {
    this.power.abort();
    this.power = new AbortController();
    this.state = 'idle';
  }

  private get runs(): boolean {
    return this.state !== 'idle' && this.state !== 'failed';
  }

  private tellState(params: unknown): string {
    checkEmpty(params);
    return this.faults.ota === 'busy' ? 'busy' : (this.options.stateNames?.[this.state] ?? this.state);
  }

  private tellProgress(params: unknown): number {
    checkEmpty(params);
    return this.runs ? this.percent : NO_UPGRADE_RUNS;
  }

  private order(params: unknown): unknown {
    const order = checkOrder(params);
    const { ota: fault } = this.faults;
    if (fault === 'busy' || this.runs) throw new Refusal(-30012, 'busy.');
    if (fault === 'httpsOnly' && order.url.startsWith('http:')) throw new Refusal(-33003, 'connect error.');
    if (fault === 'minusOne') return -1;
    this.percent = 0;
    this.enter('downloading');
    const { signal } = this.power;
    this.upgrade(order, signal).catch(() => {
      if (!signal.aborted) this.enter('failed');
    });
    return ['ok'];
  }

  /** Rejects when the upgrade fails, and when the power goes. */
  private async upgrade(order: Order, signal: AbortSignal): Promise<void> {
    const { ota: fault } = this.faults;
    if (fault === 'neverFetches') await untilAborted(signal);
    const image = await this.fetch(order, signal);
    if (fault === 'rejectsImage') {
      for (let fetches = 1; fetches < REJECTED_FETCHES; fetches += 1) await this.fetch(order, signal);
      this.enter('idle');
      return;
    }
    await this.dwell('downloaded', signal);
    const version = this.options.firmwareOf?.(image) ?? '2.0.0';
    if (fault !== 'silentInstall') await this.dwell('installing', signal);
    if (fault === 'failsToInstall') throw new Error('the installer gave up');
    this.version = version;
    this.board.restart(this.options.restartMs ?? this.stepMs);
  }

  private async fetch({ url, md5 }: Order, signal: AbortSignal): Promise<Buffer> {
    const { downloadMs = 0 } = this.options;
    const startedAtMs = performance.now();
    const image = await download(url, {
      localAddress: this.board.address,
      pieceBytes: this.options.pieceBytes,
      signal,
      progressed: async (percent) => {
        this.percent = this.faults.ota === 'stuck' ? Math.min(percent, STUCK_AT_PERCENT) : percent;
        if (percent > this.percent) await untilAborted(signal);
        const earlyMs = startedAtMs + (downloadMs * percent) / 100 - performance.now();
        if (downloadMs > 0 && earlyMs > 0) await delay(earlyMs, undefined, { signal });
      },
    });
    if (createHash('md5').update(image).digest('hex') !== md5) throw new Error('another MD5');
    return image;
  }

  private async dwell(state: OtaState, signal: AbortSignal): Promise<void> {
    this.enter(state);
    await delay(this.stepMs, undefined, { signal });
  }

  private get stepMs(): number {
    return this.options.stepMs ?? STEP_MS;
  }

  private enter(state: OtaState): void {
    if (this.state === state) return;
    this.state = state;
    this.board.events.emit('ota', state);
  }
}

/** Never resolves; rejects when `signal` is aborted. */
async function untilAborted(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) await once(signal, 'abort');
  throw signal.reason;
}

function checkEmpty(params: unknown): void {
  if (!Array.isArray(params) || params.length > 0) throw invalidParams();
}

/** The params of miIO.ota; throws when they are not exactly as documented. */
function checkOrder(params: unknown): Order {
  if (!isRecord(params) || Object.keys(params).length !== 5) throw invalidParams();
  const { mode, install, app_url: url, file_md5: md5, proc } = params;
  if (mode !== 'normal' || install !== '1' || proc !== 'dnld install') throw invalidParams();
  if (typeof url !== 'string' || !/^https?:\/\//.test(url) || !URL.canParse(url)) throw invalidParams();
  if (typeof md5 !== 'string' || !/^[0-9a-f]{32}$/i.test(md5)) throw invalidParams();
  return { url, md5: md5.toLowerCase() };
}
