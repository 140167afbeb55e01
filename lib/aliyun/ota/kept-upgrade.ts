/**
 * The upgrade of one module, and its memory: what changes is written down, in order, and where it cannot be, the upgrade
 * goes on without.
 */
import { MialinkError, messageOf } from '../../errors';
import type { Logger } from '../../logger';
import type { StateStore } from './state-file';
import { IDLE, next, type Upgrade, type UpgradeEvent } from './upgrade-state';

export class KeptUpgrade {
  private upgrade: Upgrade = IDLE;
  /** The last of the writes. Never rejects. */
  private written: Promise<void> = Promise.resolve();
  /** What has to be done before the next write. Never rejects. */
  private before: Promise<void> = Promise.resolve();

  /** `label` names the device in warnings. */
  constructor(
    private readonly store: StateStore | undefined,
    private readonly label: string,
    private readonly logger: Logger,
  ) {}

  get now(): Upgrade {
    return this.upgrade;
  }

  /** As it was left; idle, with a warning, when that cannot be read. Never rejects. */
  async load(): Promise<void> {
    try {
      this.upgrade = (await this.store?.load()) ?? IDLE;
    } catch (error) {
      this.warn('otaStateUnreadable', error);
    }
  }

  /** Whether the event has changed it. */
  apply(event: UpgradeEvent): boolean {
    const upgrade = next(this.upgrade, event);
    if (upgrade === this.upgrade) return false;
    this.upgrade = upgrade;
    this.written = this.written.then(() => this.write(upgrade));
    return true;
  }

  /**
   * What was applied last is written when `work`, which never rejects, is done: the program may be killed in between, and
   * find what it had to do nowhere else. `work` must not wait for `saved` of that.
   */
  writeAfter(work: Promise<void>): void {
    this.before = work;
  }

  /** Resolves when all that has changed is on disk, or could not be written. */
  saved(): Promise<void> {
    return this.written;
  }

  private async write(upgrade: Upgrade): Promise<void> {
    // A newer one waits already.
    if (upgrade !== this.upgrade) return;
    await this.before;
    try {
      await this.store?.save(upgrade);
    } catch (error) {
      this.warn('otaStateNotKept', error);
    }
  }

  private warn(reason: 'otaStateUnreadable' | 'otaStateNotKept', error: unknown): void {
    this.logger.warn(new MialinkError(reason, { device: this.label, cause: messageOf(error) }));
  }
}
