/**
 * How long to wait for an answer before asking again: the estimator of TCP (RFC 6298) with the answer times of one
 * method of one device. Pure; times in milliseconds.
 */
const INITIAL_WAIT_MS = 1_000;
const SHORTEST_WAIT_MS = 200;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export class AnswerTime {
  private smoothed: number | undefined;
  private variation = 0;

  /** The retransmission timeout: what an answer takes at most, as far as is known. */
  get waitMs(): number {
    if (this.smoothed === undefined) return INITIAL_WAIT_MS;
    return Math.max(SHORTEST_WAIT_MS, this.smoothed + 4 * this.variation);
  }

  /**
   * An answer came `elapsedMs` after the first packet of its id. If that packet was `repeated`, the time is only an
   * upper bound: good enough to begin with, and otherwise not counted (Karn's rule), or one lost packet would make a
   * fast device look slow.
   */
  add(elapsedMs: number, repeated: boolean): void {
    if (this.smoothed === undefined) {
      this.smoothed = elapsedMs;
      this.variation = elapsedMs / 2;
    } else if (!repeated) {
      this.variation = 0.75 * this.variation + 0.25 * Math.abs(this.smoothed - elapsedMs);
      this.smoothed = 0.875 * this.smoothed + 0.125 * elapsedMs;
    }
  }
}

/** How long to wait behind each packet of one try. The last try goes on until the deadline ends it. */
export function* waits(answerMs: number, last: boolean, retries: number): Generator<number> {
  if (retries === 0) {
    yield LONGEST_TIMER_MS;
    return;
  }
  yield answerMs;
  for (let wait = 2 * answerMs; ; wait *= 2) {
    yield wait;
    if (last) continue;
    yield wait;
    return;
  }
}
