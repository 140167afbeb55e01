/**
 * How an upgrade's progress goes to the cloud: `step` 1 to 100 percent, -1 to -4 the failures. The first step turns
 * the cloud's task from pushed to upgrading, the first negative one ends it.
 *
 * Source: Alibaba Cloud IoT Platform, "OTA update", reporting progress.
 */
import { NewestSender } from './newest-sender';

export interface Step {
  step: number;
  /** Free text. */
  desc: string;
}

/** A flow may hand over all that a program has printed. */
export const LONGEST_DESC = 256;

const MIN_INTERVAL_MS = 3_000;

/** Tells when progress is worth a message: another whole percent, and not too soon after the last. */
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

/** Sends steps, see `NewestSender`, and tells of a failure that the cloud has yet to hear. */
export class StepSender {
  private readonly sender: NewestSender<Step>;
  private tellUnsent: (failure: Step | undefined) => void = () => {};

  constructor(publish: (step: Step) => Promise<void>) {
    this.sender = new NewestSender(publish, ({ step }) => {
      if (step < 0) this.tellUnsent(undefined);
    });
  }

  /** `listener` gets each negative step when it begins to wait, and undefined when it waits no longer. */
  onUnsent(listener: (failure: Step | undefined) => void): void {
    this.tellUnsent = listener;
  }

  /** Resolves when the step is sent or kept; never rejects. */
  send({ step, desc }: Step): Promise<void> {
    const brief = { step, desc: shortened(desc) };
    if (step < 0) this.tellUnsent(brief);
    return this.sender.send(brief);
  }

  /** At each connect: what was kept goes out. */
  connected(): Promise<void> {
    return this.sender.connected();
  }

  /** Forgets what waits. */
  drop(): void {
    this.sender.drop();
  }
}

/** Never half a character. */
function shortened(text: string): string {
  return text.slice(0, LONGEST_DESC).replace(/[\uD800-\uDBFF]$/, '');
}
