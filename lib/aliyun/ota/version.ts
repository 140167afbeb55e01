/**
 * The firmware version that a module runs: the one informed last (remembered across restarts by the store), else
 * the configured one.
 */
import { MialinkError, messageOf } from '../../errors';
import type { Logger } from '../../logger';

/** Where the version informed last survives a restart. */
export interface VersionStore {
  load(): Promise<string | undefined>;
  save(version: string): Promise<void>;
}

export class RunningVersion {
  private version: string | undefined;
  private readonly loaded: Promise<void>;

  constructor(
    configured: string | undefined,
    private readonly store: VersionStore | undefined,
    label: string,
    logger: Logger,
  ) {
    this.version = configured;
    this.loaded = this.load().catch((error) => {
      logger.warn(new MialinkError('versionUnreadable', { device: label, cause: messageOf(error) }));
    });
  }

  /** Waits for the store. Never rejects: what cannot be read is warned about, and counts as never remembered. */
  async get(): Promise<string | undefined> {
    await this.loaded;
    return this.version;
  }

  /** It is the one that runs even if it cannot be remembered: rejects with the store's error then. */
  async set(version: string): Promise<void> {
    await this.loaded;
    this.version = version;
    await this.store?.save(version);
  }

  private async load(): Promise<void> {
    this.version = (await this.store?.load()) ?? this.version;
  }
}
