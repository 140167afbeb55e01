/**
 * Waiting times between tries: doubling from `minMs` to `maxMs`, each shortened at random by up to a quarter, so
 * that many devices that lost the same router do not come back in the same instant.
 */
export class Backoff {
  private tries = 0;

  constructor(
    private readonly minMs: number,
    private readonly maxMs: number,
    private readonly random: () => number = Math.random,
  ) {}

  /** The next waiting time in milliseconds. */
  next(): number {
    const full = Math.min(this.maxMs, this.minMs * 2 ** this.tries);
    this.tries = Math.min(this.tries + 1, 30);
    return Math.round(full * (1 - this.random() / 4));
  }

  /** After a success: the next wait is short again. */
  reset(): void {
    this.tries = 0;
  }
}
