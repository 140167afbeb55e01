/**
 * One timer for many moments of `performance.now()`. It is set to the earliest, and left as it is when that moment is
 * not needed any more: most answers come long before their deadline, and two timers for each command would cost as
 * much as its encryption.
 */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export class Alarm {
  private timer: NodeJS.Timeout | undefined;
  private moment = Number.POSITIVE_INFINITY;
  private readonly wake = () => {
    this.timer = undefined;
    this.moment = Number.POSITIVE_INFINITY;
    const next = this.ring(performance.now());
    if (next < this.moment) this.replace(next);
  };

  /** `ring` does what is due `now`, and says which moment is the next; infinite: none. */
  constructor(private readonly ring: (now: number) => number) {}

  /** Rings at this moment at the latest, and keeps the program running until then. */
  set(moment: number): void {
    if (moment < this.moment) this.replace(moment);
    else this.timer?.ref();
  }

  /** Nobody waits for it: the program may end. */
  rest(): void {
    this.timer?.unref();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.moment = Number.POSITIVE_INFINITY;
  }

  private replace(moment: number): void {
    this.stop();
    this.moment = moment;
    const ms = Math.min(Math.ceil(moment - performance.now()), LONGEST_TIMER_MS);
    this.timer = setTimeout(this.wake, ms);
  }
}
