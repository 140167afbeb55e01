/**
 * The cloud's requests that wait for our answer. Each is handed out once, though QoS 1 may repeat it, and
 * answered once:
 *
 *   (new) ──open──> open ──settle, or its time is over──> over ──60 s──> (forgotten)
 */
export interface CallKey {
  id: string;
  topic: string;
}

interface Call {
  state: 'open' | 'over';
  timer: NodeJS.Timeout;
}

/** How long a repeated request is known as one that was handled. */
const REMEMBERED_MS = 60_000;

export class OpenCalls {
  private readonly calls = new Map<string, Call>();

  /** False if it is known already: open, or over. `expired` is called when nobody has settled it in time. */
  open(call: CallKey, limitMs: number, expired: () => void): boolean {
    const key = keyOf(call);
    if (this.calls.has(key)) return false;
    const timer = setTimeout(() => {
      this.remember(key);
      expired();
    }, limitMs);
    this.calls.set(key, { state: 'open', timer });
    return true;
  }

  isOpen(call: CallKey): boolean {
    return this.calls.get(keyOf(call))?.state === 'open';
  }

  /** True for one caller only: the one who may answer. */
  settle(call: CallKey): boolean {
    if (!this.isOpen(call)) return false;
    this.remember(keyOf(call));
    return true;
  }

  clear(): void {
    for (const { timer } of this.calls.values()) clearTimeout(timer);
    this.calls.clear();
  }

  private remember(key: string): void {
    clearTimeout(this.calls.get(key)?.timer);
    const timer = setTimeout(() => this.calls.delete(key), REMEMBERED_MS);
    this.calls.set(key, { state: 'over', timer });
  }
}

function keyOf({ id, topic }: CallKey): string {
  return `${topic} ${id}`;
}
