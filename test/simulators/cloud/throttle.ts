/**
 * The platform's silent limit on uplinks: a bucket of `rate` messages that fills up again at `rate` a second, so that
 * an evenly paced device never meets it. Source: reference/aliyun.md 1.6.
 */
export class Throttle {
  private left = Infinity;
  private seenMs = Date.now();

  /** False: dropped. `rate` 0: no limit. */
  takes(rate: number): boolean {
    const now = Date.now();
    const refill = ((now - this.seenMs) / 1000) * rate;
    this.seenMs = now;
    this.left = rate === 0 ? Infinity : Math.min(rate, this.left + refill);
    if (this.left < 1) return false;
    this.left -= 1;
    return true;
  }
}
