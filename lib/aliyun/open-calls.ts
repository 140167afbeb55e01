/**
 * The cloud's requests that wait for our answer. Each is handed out once, though QoS 1 may repeat it, and
 * answered once:
 *
 *   (new) ──open──> open ──settle, or its time is over──> over ──60 s, or many later ones──> (forgotten)
 */
export interface CallKey {
  id: string;
  topic: string;
}

/** How long a repeated request is known as one that was handled. */
const REMEMBERED_MS = 60_000;
/** Of the open ones, and of those that are over: three times what the platform sends to a device in a minute. */
const MOST_CALLS = 10_000;

export class OpenCalls {
  /** What ends each when its time is over. */
  private readonly timers = new Map<string, NodeJS.Timeout>();
  /** Until when each is remembered, by `performance.now()`: the oldest is the first. */
  private readonly over = new Map<string, number>();
  private sweepAt = 0;

  /**
   * False if it is known already, open or over, or if too many are open. `expired` is called when nobody has settled
   * it in time.
   */
  open(call: CallKey, limitMs: number, expired: () => void): boolean {
    const key = keyOf(call);
    if (this.timers.has(key) || this.isOver(key) || this.timers.size >= MOST_CALLS) return false;
    const timer = setTimeout(() => {
      this.end(key);
      expired();
    }, limitMs);
    this.timers.set(key, timer);
    return true;
  }

  isOpen(call: CallKey): boolean {
    return this.timers.has(keyOf(call));
  }

  /** True for one caller only: the one who may answer. */
  settle(call: CallKey): boolean {
    if (!this.isOpen(call)) return false;
    this.end(keyOf(call));
    return true;
  }

  clear(): void {
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.timers.clear();
    this.over.clear();
  }

  private end(key: string): void {
    clearTimeout(this.timers.get(key));
    this.timers.delete(key);
    const now = performance.now();
    this.over.set(key, now + REMEMBERED_MS);
    if (now >= this.sweepAt || this.over.size >= MOST_CALLS) this.sweep(now);
  }

  private isOver(key: string): boolean {
    return (this.over.get(key) ?? 0) > performance.now();
  }

  /** Now and then, as to begin at the oldest costs as much as many have gone before. */
  private sweep(now: number): void {
    this.sweepAt = now + REMEMBERED_MS;
    for (const [key, until] of this.over) {
      if (until <= now || this.over.size > MOST_CALLS / 2) this.over.delete(key);
    }
  }
}

function keyOf({ id, topic }: CallKey): string {
  return `${topic} ${id}`;
}
