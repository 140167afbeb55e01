/**
 * Sends values one after the other. Only the newest matters: it replaces one that waits. What cannot be sent is tried
 * again: while the broker is away at the next connect, else (too much is on its way, no acknowledgement) after a while.
 */
import { Backoff } from '../../backoff';
import { MialinkError } from '../../errors';

const FIRST_WAIT_MS = 2_000;
const LONGEST_WAIT_MS = 60_000;

export class NewestSender<Value> {
  private waiting: { value: Value } | undefined;
  private sending: Promise<void> | undefined;
  private connects = 0;
  private retry: NodeJS.Timeout | undefined;
  private readonly backoff = new Backoff(FIRST_WAIT_MS, LONGEST_WAIT_MS);

  /** `onEnd` gets a value that is sent, or can never be, if no newer one has come meanwhile. */
  constructor(
    private readonly publish: (value: Value) => Promise<void>,
    private readonly onEnd: (value: Value) => void = () => {},
  ) {}

  /** Resolves when it has been tried: the value is sent or kept. Never rejects. */
  send(value: Value): Promise<void> {
    this.waiting = { value };
    return this.flush();
  }

  /** At each connect: what was kept goes out. */
  connected(): Promise<void> {
    this.connects++;
    return this.flush();
  }

  /** Forgets what waits. */
  drop(): void {
    clearTimeout(this.retry);
    this.waiting = undefined;
  }

  private flush(): Promise<void> {
    if (this.waiting) this.sending ??= this.drain();
    return this.sending ?? Promise.resolve();
  }

  private async drain(): Promise<void> {
    clearTimeout(this.retry);
    while (this.waiting) {
      const mine = this.waiting;
      const { connects } = this;
      try {
        await this.publish(mine.value);
        this.backoff.reset();
        this.end(mine);
      } catch (error) {
        if (codeOf(error) === 'CONFIG') this.end(mine);
        // Worth another try at once: a newer one, or a connection that came while this one was tried on the old.
        else if (this.waiting === mine && this.connects === connects) {
          if (codeOf(error) === 'TIMEOUT') this.retry = setTimeout(() => this.flush(), this.backoff.next());
          break;
        }
      }
    }
    this.sending = undefined;
  }

  private end(mine: { value: Value }): void {
    if (this.waiting !== mine) return;
    this.waiting = undefined;
    this.onEnd(mine.value);
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof MialinkError ? error.code : undefined;
}
