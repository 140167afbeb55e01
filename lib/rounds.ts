/**
 * Something that is done again and again: when the time has come that its last round asked for, or when it is awakened.
 * One round at a time. Owns its timers.
 */
import { deferred, timePassed } from './wait';

export class Rounds {
  private current: 'new' | 'running' | 'ended' = 'new';
  private running = Promise.resolve();
  private awakened = deferred<void>();
  private alarm: NodeJS.Timeout | undefined;
  private readonly ending = new AbortController();

  /** `round` returns after how many milliseconds it is to be done again, and never rejects. */
  constructor(private readonly round: () => Promise<number>) {}

  /** Aborted by `end`. */
  get signal(): AbortSignal {
    return this.ending.signal;
  }

  get state(): 'new' | 'running' | 'ended' {
    return this.current;
  }

  start(): void {
    if (this.current !== 'new') return;
    this.current = 'running';
    this.running = this.run();
  }

  /** The next round begins now, or right after the one that is under way. */
  awaken(): void {
    this.awakened.resolve();
  }

  /** The next round begins after `ms` milliseconds at the latest. */
  awakenIn(ms: number): void {
    clearTimeout(this.alarm);
    this.alarm = setTimeout(() => this.awaken(), ms);
  }

  /** Resolves when the last round is over. */
  async end(): Promise<void> {
    this.current = 'ended';
    this.ending.abort();
    clearTimeout(this.alarm);
    this.awaken();
    await this.running;
  }

  private async run(): Promise<void> {
    while (this.current === 'running') {
      clearTimeout(this.alarm);
      this.awakened = deferred();
      await timePassed(await this.round(), this.awakened.promise);
    }
  }
}
