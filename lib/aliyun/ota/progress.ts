/**
 * How an upgrade's progress goes to the cloud: `step` 1 to 100 percent, -1 to -4 the failures. The first step turns
 * the cloud's task from pushed to upgrading, the first negative one ends it.
 *
 * Source: Alibaba Cloud IoT Platform, "OTA update", reporting progress.
 */
export interface Step {
  step: number;
  /** Free text. */
  desc: string;
}

const MIN_INTERVAL_MS = 3_000;

/** Tells when a download's progress is worth a message: another whole percent, and not too soon after the last. */
export class Pace {
  private percent = 0;
  private at = Number.NEGATIVE_INFINITY;

  /** The percent to report now, 1 to 99 (100 is for a verified firmware), or undefined to keep silent. */
  next(received: number, size: number): number | undefined {
    const percent = Math.min(99, Math.max(1, Math.floor((received / size) * 100)));
    // A clock that only runs forward: the time of day may jump at a start without a battery-backed clock.
    const now = performance.now();
    if (percent === this.percent || now - this.at < MIN_INTERVAL_MS) return undefined;
    this.percent = percent;
    this.at = now;
    return percent;
  }
}

/**
 * Sends steps one after the other. Only the newest matters: it replaces one that waits, and one that could not be
 * sent is kept for the next connect.
 */
export class StepSender {
  private waiting: Step | undefined;
  private sending: Promise<void> | undefined;
  private connects = 0;

  constructor(private readonly publish: (step: Step) => Promise<void>) {}

  /** Whether a failure has yet to be sent. */
  get holdsFailure(): boolean {
    return this.waiting !== undefined && this.waiting.step < 0;
  }

  /** Resolves when the step is sent or kept; never rejects. */
  send(step: Step): Promise<void> {
    this.waiting = step;
    return this.flush();
  }

  /** At each connect: what was kept goes out. */
  connected(): Promise<void> {
    this.connects++;
    return this.flush();
  }

  /** Forgets what waits. */
  drop(): void {
    this.waiting = undefined;
  }

  private flush(): Promise<void> {
    if (this.waiting) this.sending ??= this.drain();
    return this.sending ?? Promise.resolve();
  }

  private async drain(): Promise<void> {
    while (this.waiting) {
      const step = this.waiting;
      const { connects } = this;
      try {
        await this.publish(step);
        if (this.waiting === step) this.waiting = undefined;
      } catch {
        // Worth another try at once: a newer step, or a connection that came while this one was tried on the old.
        if (this.waiting === step && this.connects === connects) break;
      }
    }
    this.sending = undefined;
  }
}
