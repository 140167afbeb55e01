/** One try of a command: the packets under one id, and how long to wait behind each. */
import { type Expectation, type Measurement, Waits } from './answer-time';

export class Try {
  private waits: Waits;
  private lastAt: number;
  private packets = 0;
  private state: 'open' | 'answered' = 'open';

  /** Moments are those of `performance.now()`. `last`: it is never given up for lost. */
  constructor(
    readonly id: number,
    readonly startedAt: number,
    expected: Expectation,
    last: boolean,
  ) {
    this.lastAt = startedAt;
    this.waits = new Waits(expected, last);
  }

  /** Its answer may still come. */
  get isOpen(): boolean {
    return this.state === 'open';
  }

  /** Though it was given up for lost, it is repeated until the end of the command. */
  goOn(expected: Expectation): void {
    this.waits = new Waits(expected, true);
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
    if (!this.isOpen) return undefined;
    this.state = 'answered';
    return { sinceFirstMs: now - this.startedAt, sinceLastMs: now - this.lastAt, packets: this.packets };
  }
}
