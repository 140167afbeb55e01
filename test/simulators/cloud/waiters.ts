/** What is awaited of a device, each settled once: by its answer, its time limit or the end. */
interface Waiter<Value> {
  resolve(value: Value): void;
  reject(error: Error): void;
  timer: NodeJS.Timeout;
}

export class Waiters<Value> {
  private readonly waiting = new Map<string, Waiter<Value>>();

  /** Rejects when nothing came in time, or when the same is awaited already. */
  wait(key: string, timeoutMs: number): Promise<Value> {
    if (this.waiting.has(key)) return Promise.reject(new Error(`${key} is still awaited`));
    return new Promise((resolve, reject) => {
      const late = () => this.take(key)?.reject(new Error(`no reply within ${timeoutMs} ms`));
      this.waiting.set(key, { resolve, reject, timer: setTimeout(late, timeoutMs) });
    });
  }

  /** False: nobody waits for it, or nobody any more. */
  settle(key: string, value: Value): boolean {
    const waiter = this.take(key);
    waiter?.resolve(value);
    return waiter !== undefined;
  }

  close(): void {
    for (const key of [...this.waiting.keys()]) {
      this.take(key)?.reject(new Error('the simulated cloud was closed'));
    }
  }

  private take(key: string): Waiter<Value> | undefined {
    const waiter = this.waiting.get(key);
    this.waiting.delete(key);
    clearTimeout(waiter?.timer);
    return waiter;
  }
}
