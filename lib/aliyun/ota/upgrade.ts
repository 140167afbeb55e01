/**
 * The firmware upgrade of one module of a device, as the cloud sees it: informs the version, takes the notice,
 * downloads, verifies, reports the progress. Flashing is the flow's part, and only the new version, informed by
 * the flow, is success.
 *
 *   idle ──manual──> notified ──> downloading ──> verified ──new version informed──> idle       any ──> closed
 *     └─────────────auto─────────────^
 *   From all but closed: a newer notice starts anew; a failure, cancel or a negative step leads to idle.
 *
 * Source: Alibaba Cloud IoT Platform, "OTA update" (device side).
 */
import { EventEmitter } from 'node:events';
import { MialinkError, messageOf, type Reason } from '../../errors';
import { runListener } from '../../listener';
import { type Logger, silentLogger } from '../../logger';
import { download } from './download';
import { fetchFirmware, isSameFirmware, sizeOf } from './firmware';
import { DEFAULT_MODULE, type FirmwareNotice, parseNotice } from './notice';
import { Pace, type Step, StepSender } from './progress';
import { type OtaChannel, OtaUplink } from './uplink';
import { RunningVersion, type VersionStore } from './version';

export interface OtaOptions {
  /** Default: `default`. */
  module?: string;
  /** What the module runs, until another version is informed. */
  version?: string;
  /** Where firmware is stored. */
  directory: string;
  /** `auto` (default): at the notice; `manual`: by `startDownload`. */
  download?: 'auto' | 'manual';
  /** Of all files of one firmware, in bytes; default: no limit. */
  maxSize?: number;
  /** Default false: `https:` only. */
  allowHttp?: boolean;
  /** PEM certificates trusted besides Node's own roots. */
  ca?: readonly string[];
  logger?: Logger;
  /** Default: an informed version is forgotten at a restart. */
  versionStore?: VersionStore;
}

export interface OtaProgress extends Step {
  module: string;
  /** Bytes of all files so far, and in the end; absent with a failure. */
  received?: number;
  size?: number;
}

export interface OtaEvents {
  /** At each change. */
  state: [OtaState];
  notice: [FirmwareNotice];
  progress: [OtaProgress];
  /** The verified files, in the order of the notice. */
  firmware: [{ paths: string[]; notice: FirmwareNotice }];
  failed: [MialinkError];
}

interface Downloading {
  state: 'downloading';
  notice: FirmwareNotice;
  abort: AbortController;
}

export type OtaState = Upgrade['state'];

type Upgrade =
  | { state: 'idle' | 'closed'; notice?: undefined }
  | { state: 'notified' | 'verified'; notice: FirmwareNotice }
  | Downloading;

/** The step that ends the cloud's task; every other reason is -1, "upgrade failed". -4 is the flow's to report. */
const FAILURE_STEPS: Partial<Record<Reason, number>> = {
  otaUrlRefused: -2,
  otaUrlExpired: -2,
  otaTooLarge: -2,
  otaDownloadFailed: -2,
  otaStorageFailed: -2,
  otaVerifyFailed: -3,
};

/** One upgrade at a time: a newer notice takes the place of the one under way. */
export class OtaClient extends EventEmitter<OtaEvents> {
  private upgrade: Upgrade = { state: 'idle' };
  /** The end of the last download, given up ones included. Never rejects. */
  private ended: Promise<void> = Promise.resolve();
  private subscriptions: (() => void)[] = [];
  private readonly module: string;
  private readonly logger: Logger;
  private readonly uplink: OtaUplink;
  private readonly version: RunningVersion;
  private readonly steps: StepSender;

  constructor(
    private readonly channel: OtaChannel,
    private readonly options: OtaOptions,
    private readonly fetchFile: typeof download = download,
  ) {
    super();
    this.module = options.module || DEFAULT_MODULE;
    this.logger = options.logger ?? silentLogger;
    this.uplink = new OtaUplink(channel, this.module);
    this.version = new RunningVersion(options.version, options.versionStore, channel.label, this.logger);
    this.steps = new StepSender(({ step, desc }) => this.uplink.progress(step, desc));
  }

  get state(): OtaState {
    return this.upgrade.state;
  }

  /** Listens from now on; to be called once, before the device connects if possible. */
  start(): void {
    this.subscriptions = [
      this.channel.subscribeTo(this.uplink.noticeTopic, (payload) => this.unattended(this.onNotice(payload))),
      this.channel.onConnect(() => this.unattended(this.onConnect())),
    ];
  }

  /**
   * Informs the cloud now and at each connect from then on; while the broker is away, only then. The version of
   * the firmware just taken ends its upgrade with success. Rejects with `versionMissing`, or when it cannot be
   * remembered.
   */
  async informVersion(version: string): Promise<void> {
    this.assertOpen();
    if (!version) throw new MialinkError('versionMissing', { device: this.channel.label });
    await this.version.set(version);
    if (this.upgrade.notice?.version === version) this.enter({ state: 'idle' });
    await this.inform(version);
  }

  /** Asks the cloud for a firmware; if there is one, it comes as a notice. */
  async requestFirmware(): Promise<void> {
    this.assertOpen();
    const version = await this.version.get();
    if (!version) throw new MialinkError('versionMissing', { device: this.channel.label });
    await this.uplink.request(version);
  }

  /**
   * The flow's own progress, -4 to 100, kept for the next connect while the broker is away. A negative step ends
   * the upgrade. Rejects with `stepInvalid`.
   */
  async reportProgress(step: number, desc: string): Promise<void> {
    this.assertOpen();
    if (!Number.isInteger(step) || step < -4 || step > 100) {
      throw new MialinkError('stepInvalid', { device: this.channel.label, step });
    }
    if (step < 0) this.enter({ state: 'idle' });
    await this.steps.send({ step, desc });
  }

  /** With `download: 'manual'`: starts what was noticed. Its end is told by the events. */
  async startDownload(): Promise<void> {
    this.assertOpen();
    if (this.upgrade.state !== 'notified') throw this.nothingPending('download');
    this.begin(this.upgrade.notice);
  }

  /** Gives the upgrade up: a failure (`aborted`, step -1), or the cloud would push it again at the next connect. */
  async cancel(): Promise<void> {
    this.assertOpen();
    if (this.upgrade.state === 'idle') throw this.nothingPending('cancel');
    this.fail(new MialinkError('aborted', { device: this.channel.label }));
    await this.ended;
  }

  /** Stops without a failure: the cloud's task stays open. Resolves when no unfinished file is left. */
  async close(): Promise<void> {
    for (const unsubscribe of this.subscriptions.splice(0)) unsubscribe();
    this.enter({ state: 'closed' });
    this.steps.drop();
    await this.ended;
  }

  private async onConnect(): Promise<void> {
    const version = await this.version.get();
    if (this.upgrade.state === 'closed') return;
    if (version) await this.inform(version);
    await this.steps.connected();
  }

  private async onNotice(payload: Buffer): Promise<void> {
    const running = await this.version.get();
    if (this.upgrade.state === 'closed') return;
    const notice = this.read(payload, running);
    if (!notice) return;
    if (this.upgrade.notice && isSameFirmware(this.upgrade.notice, notice)) {
      // Its address may be a fresh one.
      if (this.upgrade.state === 'notified') this.enter({ state: 'notified', notice });
      return;
    }
    if (this.options.download === 'manual') this.enter({ state: 'notified', notice });
    else this.begin(notice);
    this.emit('notice', notice);
  }

  /** A notice for this module and of another version than the running one; undefined if there is nothing to do. */
  private read(payload: Buffer, running: string | undefined): FirmwareNotice | undefined {
    try {
      const notice = parseNotice(payload, this.channel.label);
      return this.isNews(notice, running) ? notice : undefined;
    } catch (error) {
      if (!(error instanceof MialinkError)) throw error;
      const { version, module } = error.values;
      // Without a version it is nobody's task. And what is under way already is better than a bad notice.
      if (version === undefined || this.upgrade.state !== 'idle') this.logger.warn(error);
      else if (this.isNews({ version, module }, running)) this.fail(error);
      return undefined;
    }
  }

  private isNews(notice: { version: unknown; module: unknown }, running: string | undefined): boolean {
    return notice.module === this.module && notice.version !== running;
  }

  private begin(notice: FirmwareNotice): void {
    const mine: Downloading = { state: 'downloading', notice, abort: new AbortController() };
    this.enter(mine);
    this.ended = this.unattended(this.ended.then(() => this.run(mine)));
  }

  private async run(mine: Downloading): Promise<void> {
    const { notice } = mine;
    const size = sizeOf(notice);
    let paths: string[];
    try {
      paths = await this.fetch(mine, size);
    } catch (error) {
      if (this.upgrade === mine) this.fail(this.asProblem(error));
      return;
    }
    if (this.upgrade !== mine) return;
    this.enter({ state: 'verified', notice });
    this.report({ step: 100, desc: 'verified', received: size, size });
    this.emit('firmware', { paths, notice });
  }

  private fetch({ notice, abort: { signal } }: Downloading, size: number): Promise<string[]> {
    const pace = new Pace();
    const onProgress = (received: number) => {
      const step = signal.aborted ? undefined : pace.next(received, size);
      if (step !== undefined) this.report({ step, desc: 'downloading', received, size });
    };
    onProgress(0);
    const options = { ...this.options, label: this.channel.label, signal, onProgress };
    return fetchFirmware(notice, options, this.fetchFile);
  }

  /** The one way from state to state; a download that is left ends. */
  private enter(next: Upgrade): void {
    const former = this.upgrade;
    this.upgrade = next;
    if (former.state === 'downloading') former.abort.abort();
    if (former.state === next.state) return;
    runListener(this.logger, this.channel.label, () => this.emit('state', next.state));
  }

  private fail(problem: MialinkError): void {
    this.enter({ state: 'idle' });
    this.report({ step: FAILURE_STEPS[problem.reason] ?? -1, desc: problem.message });
    this.emit('failed', problem);
  }

  private report(progress: Omit<OtaProgress, 'module'>): void {
    this.unattended(this.steps.send({ step: progress.step, desc: progress.desc }));
    this.emit('progress', { ...progress, module: this.module });
  }

  /** Never rejects: at each connect it is informed again. */
  private async inform(version: string): Promise<void> {
    try {
      await this.uplink.inform(version);
    } catch (error) {
      this.logger.debug(`${this.channel.label}: version ${version} was not informed: ${messageOf(error)}`);
    }
  }

  private asProblem(error: unknown): MialinkError {
    if (error instanceof MialinkError) return error;
    return new MialinkError('otaDownloadFailed', { device: this.channel.label, cause: messageOf(error) });
  }

  private assertOpen(): void {
    if (this.upgrade.state === 'closed') throw new MialinkError('closed', { device: this.channel.label });
  }

  private nothingPending(operation: string): MialinkError {
    return new MialinkError('otaNothingPending', { device: this.channel.label, operation });
  }

  /** For work that nobody awaits: a listener that throws must not take the process down. */
  private unattended(work: Promise<void>): Promise<void> {
    return work.catch((error) => {
      this.logger.debug(`${this.channel.label}: a listener of the upgrade failed: ${messageOf(error)}`);
    });
  }
}
