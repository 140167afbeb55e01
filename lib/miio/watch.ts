/**
 * Looks after a device that nobody commands just now: soon after a silence, rarely while all is well, so that its
 * state is true without a command. Owns one timer.
 */
import { Backoff } from '../backoff';

/** How often a device is looked after that is well. */
export const WATCH_INTERVAL_MS = 30_000;

export class Watch {
  private timer: NodeJS.Timeout | undefined;
  private readonly backoff = new Backoff(1_000, 60_000);

  /** `look` is called when it is time, and answers by `saw`. */
  constructor(private readonly look: () => void) {
    this.lookIn(0);
  }

  /** The device is there, or it is not. */
  saw(present: boolean): void {
    if (present) this.backoff.reset();
    this.lookIn(present ? WATCH_INTERVAL_MS : this.backoff.next());
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  private lookIn(ms: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(this.look, ms);
  }
}
