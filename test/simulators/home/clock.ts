/** A device's clock, in seconds: it runs with real time from where it is started, and wraps at 32 bit. */

const MAX_STAMP_AGE_S = 60;
const MAX_STAMP_AHEAD_S = 5;

export class Clock {
  private readonly startedAtMs = performance.now();

  constructor(private readonly startS: number) {}

  get now(): number {
    const elapsedS = Math.floor((performance.now() - this.startedAtMs) / 1000);
    return (this.startS + elapsedS) >>> 0;
  }

  /** True for a stamp that strict firmware listens to. */
  isNear(stamp: number): boolean {
    // The difference as a signed 32 bit number stays right when the clock wraps.
    const aheadS = (stamp - this.now) | 0;
    return aheadS <= MAX_STAMP_AHEAD_S && aheadS >= -MAX_STAMP_AGE_S;
  }
}
