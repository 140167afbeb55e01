/**
 * The firmware upgrade of one module of a device, as the cloud sees it: informs the version, takes the notice,
 * downloads, verifies, reports the progress. Flashing is the flow's part, and only the new version, informed by
 * the flow, is success. Its states, and what leads from one to the next: see upgrade-state.
 *
 *   notice    downloading (by hand: notified, until the word) -> verified, handed out
 *   restart   downloading goes on · verified, flashing, waiting: verified again, handed out once more
 *   connect   the step that could not be sent goes out, then the version is informed
 *   close     the state and what has come of the file are kept
 *
 * Source: Alibaba Cloud IoT Platform, "OTA update" (device side).
 */
import { MialinkError, messageOf } from '../../errors';
import { claimModule } from './claim';
import { OtaCourse } from './course';
import { download } from './download/download';
import { NewestSender } from './newest-sender';
import { type FirmwareNotice, parseFirmware, parseNotice } from './notice';
import type { OtaOptions } from './options';
import { Pace } from './progress';
import { askAgain } from './renewal';
import { isFetching, isOpen, isUnheard, targetOf } from './upgrade-state';
import type { OtaChannel } from './uplink';
import { RunningVersion } from './version';

/** One upgrade at a time: a newer notice takes the place of the one under way. */
export class OtaClient extends OtaCourse {
  private readonly version: RunningVersion;
  private readonly versions: NewestSender<string>;
  /** Resolves when what was remembered is known. Never rejects. */
  private loaded: Promise<void> = Promise.resolve();
  /** The last version of the flow to be remembered. Never rejects. */
  private remembered: Promise<void> = Promise.resolve();
  /** Of the flow's steps. */
  private pace = new Pace();
  private subscriptions: (() => void)[] = [];
  private releaseModule = () => {};

  constructor(channel: OtaChannel, options: OtaOptions, fetchFile: typeof download = download) {
    super(channel, options, fetchFile);
    this.version = new RunningVersion(options.version, options.versionStore, channel.label, this.logger);
    this.versions = new NewestSender((version) => this.publishVersion(version));
    // A restart must not lose a failure: the cloud would offer again what has failed.
    this.steps.onUnsent((failure) => this.apply({ type: 'unsent', failure }));
  }

  /**
   * Listens from now on, and goes on where it was; to be called once, before the device connects if possible. Throws
   * `otaModuleTaken` while another looks after this module of the device.
   */
  start(): void {
    this.releaseModule = claimModule(this.channel, this.module, this.channel.label);
    this.life = 'loading';
    this.loaded = this.unattended(this.goOn());
    this.subscriptions = [
      this.channel.subscribeTo(this.uplink.noticeTopic, (payload) => this.unattended(this.onNotice(payload))),
      this.channel.onConnect(() => this.unattended(this.onConnect())),
    ];
  }

  /**
   * Informs the cloud now and at each connect from then on; while the broker is away, only then. The version of
   * the firmware just taken ends its upgrade with success. Rejects with `versionMissing`, and with the store's error
   * when it is informed, but cannot be remembered.
   */
  async informVersion(version: string): Promise<void> {
    await this.loaded;
    this.assertOpen();
    if (!version) throw new MialinkError('versionMissing', { device: this.channel.label });
    const mine = this.remembered.then(() => this.remember(version));
    this.remembered = mine.catch(() => {});
    try {
      await mine;
    } finally {
      if (!this.isClosed) await this.versions.send(version);
    }
  }

  /** Asks the cloud for a firmware, and takes what there is. Rejects with `versionMissing`, or as a request does. */
  async requestFirmware(): Promise<void> {
    await this.loaded;
    this.assertOpen();
    const version = await this.version.get();
    this.assertOpen();
    if (!version) throw new MialinkError('versionMissing', { device: this.channel.label });
    const data = await this.uplink.askForFirmware(version);
    this.assertOpen();
    this.take(() => parseFirmware(data, this.channel.label), version);
  }

  /**
   * The flow's own progress, -4 to 100, kept for the next connect while the broker is away; 0 to 99 are told as
   * sparingly as those of a download. A negative step ends the upgrade. Nothing is told of an upgrade that has ended,
   * or when `version` is another one than the upgrade's. Rejects with `stepInvalid`.
   */
  async reportProgress(step: number, desc: string, version?: string): Promise<void> {
    await this.loaded;
    this.assertOpen();
    if (!Number.isInteger(step) || step < -4 || step > 100) {
      throw new MialinkError('stepInvalid', { device: this.channel.label, step });
    }
    if (!this.isReportable(version)) return;
    if (this.apply({ type: 'reported', step })) this.pace = new Pace();
    const due = step < 0 || step === 100 ? step : this.pace.next(step, 100);
    const sent = due === undefined ? undefined : this.steps.send({ step: due, desc });
    await this.kept.saved();
    await sent;
  }

  /** With `download: 'manual'`: starts what was noticed. Its end is told by the events. */
  async startDownload(): Promise<void> {
    await this.loaded;
    this.assertOpen();
    if (this.state !== 'notified') throw this.nothingPending('download');
    this.begin();
    await this.kept.saved();
  }

  /** Gives the upgrade up: a failure (`aborted`, step -1), or the cloud would push it again at the next connect. */
  async cancel(): Promise<void> {
    await this.loaded;
    this.assertOpen();
    if (!isOpen(this.kept.now)) throw this.nothingPending('cancel');
    this.fail(new MialinkError('aborted', { device: this.channel.label }));
    await this.ended;
    await this.kept.saved();
  }

  /**
   * Stops without a failure: the cloud's task stays open, and the next `start` goes on. Waits for what is being written,
   * not for the cloud.
   */
  async close(): Promise<void> {
    this.life = 'closed';
    for (const unsubscribe of this.subscriptions.splice(0)) unsubscribe();
    this.stopFetching();
    this.steps.drop();
    this.versions.drop();
    await this.remembered;
    await this.ended;
    await this.kept.saved();
    this.releaseModule();
  }

  /** What was remembered, and what it demands. */
  private async goOn(): Promise<void> {
    await this.kept.load();
    const running = await this.version.get();
    if (this.isClosed) return;
    this.life = 'open';
    const { now } = this.kept;
    if (now.state !== 'idle') this.announce();
    if (now.state === 'failed' && now.unsent) this.unattended(this.steps.send(now.unsent));
    if (running) this.apply({ type: 'informed', version: running });
    this.apply({ type: 'restarted' });
    if (this.state === 'notified' && this.options.download !== 'manual') this.begin();
    else if (isFetching(this.kept.now)) this.fetch(this.kept.now.notice);
  }

  private async onConnect(): Promise<void> {
    await this.loaded;
    if (this.isClosed) return;
    // A failure first: informed of a version, the cloud would offer again what has failed.
    await this.steps.connected();
    const version = await this.version.get();
    if (version && !this.isClosed) await this.versions.send(version);
  }

  private async onNotice(payload: Buffer): Promise<void> {
    await this.loaded;
    const running = await this.version.get();
    if (this.isClosed) return;
    this.take(() => parseNotice(payload, this.channel.label), running);
  }

  /** Takes the firmware that `read` gives, if there is something to do. */
  private take(read: () => FirmwareNotice | undefined, running: string | undefined): void {
    const notice = this.accepted(read, running);
    if (notice) this.consider(notice);
  }

  /**
   * What is for this module, and of another version than the running one and the one that the cloud has yet to hear the
   * failure of; a notice that is no good has failed.
   */
  private accepted(
    read: () => FirmwareNotice | undefined,
    running: string | undefined,
  ): FirmwareNotice | undefined {
    const isNews = ({ version, module }: { version: unknown; module: unknown }) =>
      module === this.module && version !== running && !isUnheard(this.kept.now, version);
    try {
      const notice = read();
      return notice && isNews(notice) ? notice : undefined;
    } catch (error) {
      if (!(error instanceof MialinkError)) throw error;
      const { version, module } = error.values;
      // Without a version it is nobody's task. And what is under way already is better than a bad notice.
      if (typeof version !== 'string' || isOpen(this.kept.now)) this.logger.warn(error);
      else if (isNews({ version, module })) this.fail(error, { type: 'refused', version });
      return undefined;
    }
  }

  protected async freshNotice(signal: AbortSignal): Promise<FirmwareNotice | undefined> {
    const running = await this.version.get();
    const data = await askAgain(this.channel, this.uplink, signal, running).catch(() => undefined);
    if (signal.aborted) return undefined;
    return this.accepted(() => parseFirmware(data, this.channel.label), running);
  }

  /** Also what cannot be remembered runs. */
  private async remember(version: string): Promise<void> {
    try {
      await this.version.set(version);
    } finally {
      this.apply({ type: 'informed', version });
      await this.kept.saved();
    }
  }

  private async publishVersion(version: string): Promise<void> {
    try {
      await this.uplink.inform(version);
    } catch (error) {
      this.logger.debug(`${this.channel.label}: version ${version} was not informed: ${messageOf(error)}`);
      throw error;
    }
  }

  /** Whether the flow's progress is that of an upgrade under way. Where none is known, the flow may download by itself. */
  private isReportable(version: string | undefined): boolean {
    const { now } = this.kept;
    if (now.state === 'idle') return true;
    return isOpen(now) && (version === undefined || version === targetOf(now));
  }

  private get isClosed(): boolean {
    return this.life === 'closed';
  }

  /** To be called after each wait: `close` may have come meanwhile. */
  private assertOpen(): void {
    if (this.isClosed) throw new MialinkError('closed', { device: this.channel.label });
  }

  private nothingPending(operation: string): MialinkError {
    return new MialinkError('otaNothingPending', { device: this.channel.label, operation });
  }
}
