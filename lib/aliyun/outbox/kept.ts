/**
 * The posts in a store, oldest first, within bounds of room and age. They may be added while others are looked at or
 * removed. They leave the store strictly in order: one that is delivered before an older one stays in it, and is not
 * given out again by this process. All that rejects, rejects with a MialinkError.
 *
 * A post is too old by the clock, but none is for a clock that was just set: those of this process also have to be kept
 * so long by a clock that only runs, and those of a former process for an hour.
 */
import { MialinkError, messageOf, type Reason, type Values } from '../../errors';
import { entryText, type OutboxEntry, readEntry } from './entry';
import type { OutboxStore } from './store';

export interface KeptOptions {
  store: OutboxStore;
  /** Of the device, for texts. */
  label: string;
  /** What is kept may take up so much; then the oldest is dropped. */
  maxBytes: number;
  /** What is older is dropped, as soon as one is added or looked for; 0: never. */
  maxAgeMs: number;
  warn(problem: MialinkError): void;
  /** So many were dropped. `problem` says why, and how many since the start. */
  onDrop(count: number, problem: MialinkError): void;
}

const MB = 1024 * 1024;
const HOUR_MS = 3_600_000;

export class Kept {
  private opened: Promise<void> | undefined;
  private closing: Promise<void> | undefined;
  /** Openings and additions under way: what they bring does not count yet. */
  private arriving = 0;
  /** The oldest in the store, as far as they were read; undefined: delivered, or unreadable. Never the first. */
  private readonly front: (OutboxEntry | undefined)[] = [];
  /** Whoever looks and removes does so one after the other. */
  private turn: Promise<unknown> = Promise.resolve();
  /** Of `performance.now()`. */
  private openedAt = 0;
  /** How many a former process has left. */
  private inherited = 0;
  private unreadable = 0;
  private damageTold = 0;
  private droppedSoFar = 0;

  constructor(private readonly options: KeptOptions) {}

  get length(): number {
    return this.options.store.length;
  }

  /** How many were dropped. */
  get dropped(): number {
    return this.droppedSoFar;
  }

  /** False also while it may turn out that something is kept. */
  get isEmpty(): boolean {
    return this.arriving === 0 && this.length === 0;
  }

  /** Finds what a former process left. Once it has succeeded: nothing. Rejects with `outboxFailed` or `closed`. */
  open(): Promise<void> {
    return this.arrival(() => this.whenOpen());
  }

  /** Resolves when it is safe. Rejects with `outboxFailed`, `payloadInvalid` or `closed`. */
  async add(entry: OutboxEntry): Promise<void> {
    const text = entryText(entry, this.options.label);
    await this.arrival(async () => {
      await this.whenOpen();
      await this.orFail(this.options.store.append(text));
    });
    // The new one is safe, whatever becomes of the old ones.
    await this.alone(() => this.trim()).catch(this.options.warn);
  }

  /**
   * Those of the `count` oldest that are not delivered; and if all of these are stuck, the next ones up to one that is
   * not. Rejects with `outboxFailed` or `closed`.
   */
  async oldest(count: number, isStuck: (entry: OutboxEntry) => boolean): Promise<OutboxEntry[]> {
    await (this.opened ?? this.open());
    return this.alone(async () => {
      await this.trim();
      const found: OutboxEntry[] = [];
      for (let index = 0; index < count || found.every(isStuck); index++) {
        if (!(await this.readUpTo(index))) break;
        const entry = this.front[index];
        if (entry) found.push(entry);
      }
      return found;
    });
  }

  /** If it is still kept: it may have been dropped meanwhile. */
  async remove(entry: OutboxEntry): Promise<void> {
    await this.alone(async () => {
      const index = this.front.indexOf(entry);
      if (index > 0) this.front[index] = undefined;
      if (index === 0) await this.removeFirst();
    });
  }

  /** Resolves when the store is closed. What is kept stays kept. */
  close(): Promise<void> {
    this.closing ??= this.end();
    return this.closing;
  }

  private async end(): Promise<void> {
    await this.opened?.catch(() => undefined);
    await this.turn;
    await this.options.store.close();
  }

  private async whenOpen(): Promise<void> {
    if (this.closing) throw this.problem('closed');
    this.opened ??= this.openStore();
    await this.opened;
  }

  private async openStore(): Promise<void> {
    try {
      await this.orFail(this.options.store.open());
    } catch (error) {
      this.opened = undefined;
      throw error;
    }
    this.openedAt = performance.now();
    this.inherited = this.length;
    this.tellDamage();
  }

  private async trim(): Promise<void> {
    const before = this.droppedSoFar;
    let why: Values = {};
    try {
      for (let excess = await this.excess(); excess; excess = await this.excess()) {
        why = excess;
        this.droppedSoFar += 1;
        await this.removeFirst();
      }
    } finally {
      const count = this.droppedSoFar - before;
      const values = { ...why, count: this.droppedSoFar };
      if (count > 0) this.options.onDrop(count, this.problem('outboxDropped', values));
    }
  }

  /** Why the oldest has to go. */
  private async excess(): Promise<Values | undefined> {
    const { store, maxBytes, maxAgeMs } = this.options;
    if (this.closing) return undefined;
    if (store.bytes > maxBytes && store.length > 1) return { limitMb: maxBytes / MB };
    const ageHereMs = performance.now() - this.openedAt;
    if (maxAgeMs === 0 || ageHereMs <= (this.inherited > 0 ? Math.min(maxAgeMs, HOUR_MS) : maxAgeMs))
      return undefined;
    await this.readUpTo(0);
    const [oldest] = this.front;
    if (!oldest || Date.now() - oldest.acceptedAt <= maxAgeMs) return undefined;
    return { context: 'old', hours: maxAgeMs / HOUR_MS };
  }

  /** False if the store ends before. */
  private async readUpTo(index: number): Promise<boolean> {
    while (this.front.length <= index) {
      const text = await this.orFail(this.options.store.at(this.front.length));
      this.tellDamage();
      if (text === undefined) return false;
      const entry = readEntry(text);
      if (!entry) this.unreadable += 1;
      this.front.push(entry);
      await this.removeDelivered();
    }
    return true;
  }

  /** With those behind it that have only waited for it. */
  private async removeFirst(): Promise<void> {
    this.front[0] = undefined;
    await this.removeDelivered();
  }

  /** Gone in any case: what the store cannot record comes again in the next process. */
  private async removeDelivered(): Promise<void> {
    const { store, warn } = this.options;
    while (this.front.length > 0 && this.front[0] === undefined) {
      this.front.shift();
      this.inherited = Math.max(0, this.inherited - 1);
      await this.orFail(store.removeFirst()).catch(warn);
    }
  }

  private tellDamage(): void {
    const count = this.options.store.damaged + this.unreadable - this.damageTold;
    if (count === 0) return;
    this.damageTold += count;
    this.options.warn(this.problem('outboxDamaged', { count }));
  }

  private async arrival(work: () => Promise<void>): Promise<void> {
    this.arriving += 1;
    try {
      await work();
    } finally {
      this.arriving -= 1;
    }
  }

  private alone<Value>(work: () => Promise<Value>): Promise<Value> {
    const result = this.turn.then(work);
    this.turn = result.catch(() => undefined);
    return result;
  }

  private async orFail<Value>(work: Promise<Value>): Promise<Value> {
    try {
      return await work;
    } catch (error) {
      throw this.closing
        ? this.problem('closed')
        : this.problem('outboxFailed', { place: this.options.store.place, cause: messageOf(error) }, error);
    }
  }

  private problem(reason: Reason, values: Values = {}, cause?: unknown): MialinkError {
    return new MialinkError(reason, { device: this.options.label, ...values }, { cause });
  }
}
