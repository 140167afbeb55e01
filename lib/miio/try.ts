/** One try of a command: the packets under one id, and how long to wait behind each. */
import { type Expectation, type Measurement, Waits } from './answer-time';

export class Try {
  private readonly waits: Waits;
  private lastAt: number;
  private packets = 0;
  private isAnswered = false;

  /** Moments are those of `performance.now()`. `last`: no other try will follow. */
  constructor(
    readonly id: number,
    readonly startedAt: number,
    expected: Expectation,
    last: boolean,
  ) {
    this.lastAt = startedAt;
    this.waits = new Waits(expected, last);
  }

  /** How long to wait behind the next packet; undefined: it is not sent, since the answer is lost. */
  nextWait(): number | undefined {
    return this.waits.next();
  }

  /** A packet goes out. */
  sent(now: number): void {
    this.lastAt = now;
    this.packets++;
  }

  /** How long the answer took; undefined if there was one before. */
  answered(now: number): Measurement | undefined {
    if (this.isAnswered) return undefined;
    this.isAnswered = true;
    return { sinceFirstMs: now - this.startedAt, sinceLastMs: now - this.lastAt, packets: this.packets };
  }
}
