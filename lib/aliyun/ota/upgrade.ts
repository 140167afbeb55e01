/**
 * The firmware upgrade of one module of a device, as the cloud sees it: informs the version, takes the notice,
 * downloads, verifies, reports the progress. Flashing is the flow's part, and only the new version, informed by
 * the flow, is success. Its states, and what leads from one to the next: see upgrade-state.
 *
 *   notice    downloading (by hand: notified, until the word) -> verified, handed out
 *   restart   downloading goes on · verified, flashing: verified again, handed out once more · waiting goes on
 *   connect   the version is informed, and the step that could not be sent
 *   close     the state and what has come of the file are kept
 *
 * Source: Alibaba Cloud IoT Platform, "OTA update" (device side).
 */
import { MialinkError, messageOf } from '../../errors';
import { claimModule } from './claim';
import { OtaCourse } from './course';
import { download } from './download/download';
import { type FirmwareNotice, parseFirmware, parseNotice } from './notice';
import type { OtaOptions } from './options';
import { askAgain } from './renewal';
import { isFetching, isOpen } from './upgrade-state';
import type { OtaChannel } from './uplink';
import { RunningVersion } from './version';

/** One upgrade at a time: a newer notice takes the place of the one under way. */
export class OtaClient extends OtaCourse {
  private readonly version: RunningVersion;
  /** Resolves when what was remembered is known. Never rejects. */
  private loaded: Promise<void> = Promise.resolve();
  private subscriptions: (() => void)[] = [];
  private releaseModule = () => {};

  constructor(channel: OtaChannel, options: OtaOptions, fetchFile: typeof download = download) {
    super(channel, options, fetchFile);
    this.version = new RunningVersion(options.version, options.versionStore, channel.label, this.logger);
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
   * the firmware just taken ends its upgrade with success. Rejects with `versionMissing`, or when it cannot be
   * remembered.
   */
  async informVersion(version: string): Promise<void> {
    await this.opened();
    if (!version) throw new MialinkError('versionMissing', { device: this.channel.label });
    await this.version.set(version);
    this.apply({ type: 'informed', version });
    await this.kept.saved();
    await this.inform(version);
  }

  /** Asks the cloud for a firmware, and takes what there is. Rejects with `versionMissing`, or as a request does. */
  async requestFirmware(): Promise<void> {
    await this.opened();
    const version = await this.version.get();
    if (!version) throw new MialinkError('versionMissing', { device: this.channel.label });
    const data = await this.uplink.askForFirmware(version);
    this.take(() => parseFirmware(data, this.channel.label), version);
  }

  /**
   * The flow's own progress, -4 to 100, kept for the next connect while the broker is away. A negative step ends
   * the upgrade. Rejects with `stepInvalid`.
   */
  async reportProgress(step: number, desc: string): Promise<void> {
    await this.opened();
    if (!Number.isInteger(step) || step < -4 || step > 100) {
      throw new MialinkError('stepInvalid', { device: this.channel.label, step });
    }
    this.apply({ type: 'reported', step });
    await this.kept.saved();
    await this.steps.send({ step, desc });
  }

  /** With `download: 'manual'`: starts what was noticed. Its end is told by the events. */
  async startDownload(): Promise<void> {
    await this.opened();
    if (this.state !== 'notified') throw this.nothingPending('download');
    this.begin();
    await this.kept.saved();
  }

  /** Gives the upgrade up: a failure (`aborted`, step -1), or the cloud would push it again at the next connect. */
  async cancel(): Promise<void> {
    await this.opened();
    if (!isOpen(this.kept.now)) throw this.nothingPending('cancel');
    this.fail(new MialinkError('aborted', { device: this.channel.label }));
    await this.ended;
    await this.kept.saved();
  }

  /** Stops without a failure: the cloud's task stays open, and the next `start` goes on. */
  async close(): Promise<void> {
    this.life = 'closed';
    for (const unsubscribe of this.subscriptions.splice(0)) unsubscribe();
    this.stopFetching();
    this.steps.drop();
    await this.ended;
    await this.kept.saved();
    this.releaseModule();
  }

  /** What was remembered, and what it demands. */
  private async goOn(): Promise<void> {
    await this.kept.load();
    const running = await this.version.get();
    if (this.life === 'closed') return;
    this.life = 'open';
    if (this.state !== 'idle') this.announce();
    if (running) this.apply({ type: 'informed', version: running });
    this.apply({ type: 'restarted' });
    if (this.state === 'notified' && this.options.download !== 'manual') this.begin();
    else if (isFetching(this.kept.now)) this.fetch(this.kept.now.notice);
  }

  private async onConnect(): Promise<void> {
    const version = await this.version.get();
    if (this.life === 'closed') return;
    // A failure first: informed of a version, the cloud would offer again what has failed.
    await this.steps.connected();
    if (version) await this.inform(version);
  }

  private async onNotice(payload: Buffer): Promise<void> {
    await this.loaded;
    const running = await this.version.get();
    // The cloud offers a firmware again until it hears that it has failed.
    if (this.life === 'closed' || this.steps.holdsFailure) return;
    this.take(() => parseNotice(payload, this.channel.label), running);
  }

  /** Takes the firmware that `read` gives, if there is something to do. */
  private take(read: () => FirmwareNotice | undefined, running: string | undefined): void {
    const notice = this.accepted(read, running);
    if (notice) this.consider(notice);
  }

  /** What is for this module and of another version than the running one; a notice that is no good has failed. */
  private accepted(
    read: () => FirmwareNotice | undefined,
    running: string | undefined,
  ): FirmwareNotice | undefined {
    const isNews = ({ version, module }: { version: unknown; module: unknown }) =>
      module === this.module && version !== running;
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
    const data = await askAgain(this.channel, this.uplink, signal).catch(() => undefined);
    const running = await this.version.get();
    return this.accepted(() => parseFirmware(data, this.channel.label), running);
  }

  /** Never rejects: at each connect it is informed again. */
  private async inform(version: string): Promise<void> {
    try {
      await this.uplink.inform(version);
    } catch (error) {
      this.logger.debug(`${this.channel.label}: version ${version} was not informed: ${messageOf(error)}`);
    }
  }

  /** Resolves when what was remembered is known. Rejects after `close`. */
  private async opened(): Promise<void> {
    if (this.life === 'loading') await this.loaded;
    if (this.life === 'closed') throw new MialinkError('closed', { device: this.channel.label });
  }

  private nothingPending(operation: string): MialinkError {
    return new MialinkError('otaNothingPending', { device: this.channel.label, operation });
  }
}
