/**
 * Requests that wait for an answer: key -> a promise that settles exactly once, by its answer, its time limit
 * or the end of the connection. Whoever owns the table calls `rejectAll` when it closes, so nobody waits for ever.
 */
import { Alarm } from './alarm';

interface Waiter<Value> {
  resolve(value: Value): void;
  reject(error: Error): void;
  /** By `performance.now()`. */
  endsAt: number;
  timeoutError(): Error;
}

export class Pending<Key, Value> {
  private readonly waiters = new Map<Key, Waiter<Value>>();
  private readonly alarm = new Alarm((now) => this.rejectLate(now));

  get size(): number {
    return this.waiters.size;
  }

  has(key: Key): boolean {
    return this.waiters.has(key);
  }

  /**
   * Waits for the answer to `key`; after `timeoutMs` rejects with what `timeoutError` makes. A key that is waited for
   * already is refused, or its first waiter would never settle.
   */
  wait(key: Key, timeoutMs: number, timeoutError: () => Error): Promise<Value> {
    return new Promise((resolve, reject) => {
      if (this.has(key)) throw new Error(`${key} is waited for already`);
      const endsAt = performance.now() + timeoutMs;
      this.waiters.set(key, { resolve, reject, endsAt, timeoutError });
      this.alarm.set(endsAt);
    });
  }

  /** True if somebody waited for `key`. */
  resolve(key: Key, value: Value): boolean {
    const waiter = this.take(key);
    waiter?.resolve(value);
    return waiter !== undefined;
  }

  /** True if somebody waited for `key`. */
  reject(key: Key, error: Error): boolean {
    const waiter = this.take(key);
    waiter?.reject(error);
    return waiter !== undefined;
  }

  resolveAll(value: Value): void {
    for (const key of [...this.waiters.keys()]) this.resolve(key, value);
    this.alarm.stop();
  }

  rejectAll(error: Error): void {
    for (const key of [...this.waiters.keys()]) this.reject(key, error);
    this.alarm.stop();
  }

  private take(key: Key): Waiter<Value> | undefined {
    const waiter = this.waiters.get(key);
    if (!waiter) return undefined;
    this.waiters.delete(key);
    if (this.waiters.size === 0) this.alarm.rest();
    return waiter;
  }

  /** The end of the next. */
  private rejectLate(now: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const [key, { endsAt, timeoutError }] of this.waiters) {
      if (endsAt > now) next = Math.min(next, endsAt);
      else this.reject(key, timeoutError());
    }
    return next;
  }
}
