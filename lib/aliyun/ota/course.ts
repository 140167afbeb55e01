/**
 * The course of an upgrade: the state that is kept, and what it demands of us. A firmware that was noticed is downloaded,
 * one that is verified is handed out, what is given up is cleaned away, and every failure is told once to everyone.
 */
import { EventEmitter } from 'node:events';
import { MialinkError, messageOf } from '../../errors';
import { runListener } from '../../listener';
import { type Logger, silentLogger } from '../../logger';
import { discardPart, type download } from './download/download';
import { isSameFirmware, sizeOf } from './download/firmware';
import { removeFirmware, removeOldFirmware } from './download/old-versions';
import { asProblem, stepOf } from './failure';
import { Fetching } from './fetching';
import { KeptUpgrade } from './kept-upgrade';
import { DEFAULT_MODULE, type FirmwareNotice } from './notice';
import type { OtaEvents, OtaOptions, OtaProgress } from './options';
import { StepSender } from './progress';
import { isFetching, isOpen, type OtaState, targetOf, type UpgradeEvent } from './upgrade-state';
import { type OtaChannel, OtaUplink } from './uplink';

const KEEP_VERSIONS = 2;
/** To a fresh address. */
const ALL_WAYS: readonly ('notice' | 'request')[] = ['notice', 'request'];

export abstract class OtaCourse extends EventEmitter<OtaEvents> {
  protected life: 'new' | 'loading' | 'open' | 'closed' = 'new';
  protected readonly module: string;
  protected readonly logger: Logger;
  protected readonly uplink: OtaUplink;
  protected readonly kept: KeptUpgrade;
  protected readonly steps: StepSender;
  /** The end of the last download, given up ones included, and of the cleaning up after it. Never rejects. */
  protected ended: Promise<void> = Promise.resolve();
  private fetching: Fetching | undefined;
  /** For another address. */
  private asking: AbortController | undefined;

  constructor(
    protected readonly channel: OtaChannel,
    protected readonly options: OtaOptions,
    private readonly fetchFile: typeof download,
  ) {
    super();
    this.module = options.module || DEFAULT_MODULE;
    this.logger = options.logger ?? silentLogger;
    this.uplink = new OtaUplink(channel, this.module);
    this.kept = new KeptUpgrade(options.stateStore, channel.label, this.logger);
    this.steps = new StepSender(({ step, desc }) => this.uplink.progress(step, desc));
  }

  get state(): OtaState {
    return this.kept.now.state;
  }

  /** An address that has expired: the cloud is asked for another, until `signal` is aborted. Never rejects. */
  protected abstract freshNotice(signal: AbortSignal): Promise<FirmwareNotice | undefined>;

  /** A firmware that the cloud has for us. */
  protected consider(notice: FirmwareNotice): void {
    const { now } = this.kept;
    this.apply({ type: 'noticed', notice });
    if (isOpen(now) && isSameFirmware(now.notice, notice)) {
      // It has the address.
      this.asking?.abort();
      return;
    }
    if (this.options.download !== 'manual') this.begin();
    this.tell('notice', notice);
  }

  /** Downloads what was noticed. */
  protected begin(): void {
    this.apply({ type: 'started' });
    const { now } = this.kept;
    if (isFetching(now)) this.fetch(now.notice).received(0, sizeOf(now.notice));
  }

  /** Goes on with a download. */
  protected fetch(notice: FirmwareNotice): Fetching {
    const { channel, options, fetchFile } = this;
    const mine = new Fetching(channel, options, fetchFile, (received, size, step) => {
      this.apply({ type: 'received', complete: received === size });
      if (step !== undefined) this.report({ step, desc: 'downloading', received, size });
    });
    this.fetching = mine;
    this.ended = this.unattended(this.ended.then(() => this.run(mine, notice)));
    return mine;
  }

  private async run(mine: Fetching, notice: FirmwareNotice): Promise<void> {
    let paths: string[];
    try {
      paths = await this.fetchRenewed(mine, notice);
    } catch (error) {
      if (this.fetching === mine) this.fail(asProblem(error, this.channel.label));
      return;
    }
    if (this.fetching === mine) await this.handOut(paths, notice);
  }

  /**
   * Where the address has expired, that of a newer notice is as good, else the cloud is asked for one. Each once: a server
   * that refuses whatever comes would be asked for ever.
   */
  private async fetchRenewed(mine: Fetching, notice: FirmwareNotice, left = ALL_WAYS): Promise<string[]> {
    try {
      return await mine.fetch(notice);
    } catch (error) {
      if (!isExpired(error) || this.fetching !== mine) throw error;
      const noticed = left.includes('notice') ? this.noticedSince(notice) : undefined;
      const asked = !noticed && left.includes('request') ? await this.renew(mine, notice) : undefined;
      const fresh = noticed ?? asked;
      if (!fresh || this.fetching !== mine) throw error;
      const used = noticed ? 'notice' : 'request';
      const others = left.filter((way) => way !== used);
      return this.fetchRenewed(mine, fresh, others);
    }
  }

  private async renew(mine: Fetching, notice: FirmwareNotice): Promise<FirmwareNotice | undefined> {
    this.asking = new AbortController();
    const fresh = await this.freshNotice(this.asking.signal);
    this.asking = undefined;
    if (fresh && this.fetching === mine) this.consider(fresh);
    return this.noticedSince(notice);
  }

  /** What is downloaded, by a notice that has come after this one. */
  private noticedSince(notice: FirmwareNotice): FirmwareNotice | undefined {
    const { now } = this.kept;
    return isFetching(now) && now.notice !== notice ? now.notice : undefined;
  }

  /** On disk before it is handed out: what the flow has got is known to be repeated after a restart. */
  private async handOut(paths: string[], notice: FirmwareNotice): Promise<void> {
    this.apply({ type: 'verified' });
    await this.kept.saved();
    const { now } = this.kept;
    // Given up or superseded meanwhile.
    if (this.life === 'closed' || !isOpen(now) || !isSameFirmware(now.notice, notice)) return;
    const size = sizeOf(notice);
    this.report({ step: 100, desc: 'verified', received: size, size });
    this.tell('firmware', { paths, notice, repeated: now.repeated === true });
    const { directory, keepVersions = KEEP_VERSIONS } = this.options;
    await removeOldFirmware(directory, keepVersions - 1, paths);
  }

  /** The one way from state to state; whether there was any. A download that is left ends. */
  protected apply(event: UpgradeEvent): boolean {
    const former = this.kept.now;
    if (!this.kept.apply(event)) return false;
    const { now } = this.kept;
    const isLeft = isFetching(former) && !(isFetching(now) && isSameFirmware(former.notice, now.notice));
    const stored = this.fetching?.stored ?? [];
    if (isLeft) this.stopFetching();
    // Not so when the flow could not flash what it has got: pushed again it is there already.
    if (isOpen(former) && event.type === 'failed') this.discard(former.notice, namesIn(former.notice));
    else if (isLeft && now.state !== 'verified') this.discard(former.notice, stored);
    if (now.state !== former.state) this.announce();
    return true;
  }

  protected stopFetching(): void {
    this.fetching?.stop();
    this.fetching = undefined;
    this.asking?.abort();
  }

  /** Of a firmware that nobody wants any more no part is left, and none of the files with these names. */
  private discard({ files }: FirmwareNotice, names: readonly string[]): void {
    const { directory } = this.options;
    const clean = async () => {
      for (const file of files) await discardPart(directory, file);
      await removeFirmware(directory, names);
    };
    this.ended = this.unattended(this.ended.then(clean));
    this.kept.writeAfter(this.ended);
  }

  protected announce(): void {
    const { now } = this.kept;
    this.tell('state', now.state, targetOf(now));
  }

  protected fail(problem: MialinkError, event: UpgradeEvent = { type: 'failed' }): void {
    this.apply(event);
    this.report({ step: stepOf(problem), desc: problem.message });
    this.tell('failed', problem);
  }

  private report(progress: Omit<OtaProgress, 'module'>): void {
    this.unattended(this.steps.send({ step: progress.step, desc: progress.desc }));
    this.tell('progress', { ...progress, module: this.module });
  }

  /** A listener that throws must not stop the upgrade. */
  private tell<Name extends keyof OtaEvents>(name: Name, ...about: OtaEvents[Name]): void {
    const { emit }: EventEmitter = this;
    runListener(this.logger, this.channel.label, () => emit.call(this, name, ...about));
  }

  /** For work that nobody awaits. */
  protected unattended(work: Promise<void>): Promise<void> {
    return work.catch((error) => {
      this.logger.debug(`${this.channel.label}: the upgrade failed: ${messageOf(error)}`);
    });
  }
}

function namesIn({ files }: FirmwareNotice): string[] {
  return files.map(({ name }) => name);
}

function isExpired(error: unknown): boolean {
  return error instanceof MialinkError && error.reason === 'otaUrlExpired';
}
