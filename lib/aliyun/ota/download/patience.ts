/**
 * How long a download that gets no further is tried:
 *
 *   an answer that brought nothing   `retries` more
 *   no answer at all                 for `outageMs`, whatever the retries; then `retries` more
 *
 * A server that answers so is in trouble with this file; one that is out of reach is behind a router without power, say,
 * and has the rest of the firmware as soon as the way is free.
 */
import { performance } from 'node:perf_hooks';
import { type Interruption, Outage } from './source';

export class Patience {
  private used = 0;
  private outageSince: number | undefined;

  constructor(
    private readonly retries: number,
    private readonly outageMs: number,
  ) {}

  /** It got further. */
  renew(): void {
    this.used = 0;
    this.outageSince = undefined;
  }

  /** Whether another try is due. To be asked once after each that failed. */
  allows(problem: Interruption): boolean {
    return this.isOutage(problem) || this.used++ < this.retries;
  }

  /** One that has not lasted too long. */
  private isOutage(problem: Interruption): boolean {
    if (!(problem instanceof Outage)) {
      this.outageSince = undefined;
      return false;
    }
    // A clock that is set meanwhile, as after a start without a battery, does not count.
    const now = performance.now();
    this.outageSince ??= now;
    return now - this.outageSince < this.outageMs;
  }
}
