/**
 * What is posted while the cloud is away is kept and delivered later, in the order in which it was accepted, each until
 * its reply. One is under way at a time: were the next one sent before, and the reply to the first got lost, the first
 * would be sent again and its older value overtake the younger.
 *
 *   paused ──resume──> delivering ──nothing is kept──> idle ──add──> delivering
 *                          └──kept for another try──> waiting ──time, resume──> delivering
 *   any ──pause──> paused        any ──close──> closed
 *
 * A reply that gets lost makes a post come twice, never not at all. A post that the cloud refuses by a fault of its own
 * (500) is tried again and again, and holds up those behind it, until it is older than `maxAgeMs`.
 */
import { EventEmitter } from 'node:events';
import { Backoff } from '../../backoff';
import { MialinkError, messageOf, type Reason } from '../../errors';
import { runListener } from '../../listener';
import type { Logger } from '../../logger';
import type { OutboxEntry } from './entry';
import { Kept, type KeptOptions } from './kept';
import { isRefusedForGood } from './verdict';

export interface OutboxOptions extends Omit<KeptOptions, 'warn' | 'onDrop'> {
  /** Always settles: resolves when the cloud has taken it, else rejects with a MialinkError. */
  deliver(entry: OutboxEntry): Promise<unknown>;
  logger: Logger;
  /** Waiting times before another try; default 1 s to 60 s. */
  retry?: Backoff;
}

export interface OutboxEvents {
  /** More or less is kept than before. */
  change: [];
  /** The cloud will never take it: it is not kept any more. */
  refused: [OutboxEntry, MialinkError];
  /** So many of the oldest were given up, for want of room or for their age. */
  dropped: [number];
}

export class Outbox extends EventEmitter<OutboxEvents> {
  private state: 'paused' | 'delivering' | 'idle' | 'waiting' | 'closed' = 'paused';
  private readonly kept: Kept;
  private readonly retry: Backoff;
  private timer: NodeJS.Timeout | undefined;
  private delivery = Promise.resolve();
  private droppedSoFar = 0;
  /** Once is enough, until it has been empty. */
  private readonly warned = new Set<Reason>();

  constructor(private readonly options: OutboxOptions) {
    super();
    this.retry = options.retry ?? new Backoff(1_000, 60_000);
    this.kept = new Kept({
      ...options,
      warn: (problem) => this.warn(problem),
      onDrop: (count) => this.dropOut(count),
    });
  }

  /** How many are kept. */
  get length(): number {
    return this.kept.length;
  }

  /** False if a new post has to queue up: something is kept, or that is not known yet. */
  get isEmpty(): boolean {
    return this.kept.isEmpty;
  }

  /** How many were given up, for want of room or for their age. */
  get dropped(): number {
    return this.droppedSoFar;
  }

  /** Looks for what a former process has left; else the first `add` or `resume` does. */
  open(): void {
    this.kept.open().then(
      () => this.tellChange(),
      (problem) => this.warn(problem),
    );
  }

  /**
   * Resolves when the entry is kept. Rejects with `outboxFailed` (TRANSPORT) when the store cannot keep it,
   * `payloadInvalid` (CONFIG) when the cloud would never take it, and `closed` (CANCELLED): then it is not kept.
   */
  async add(entry: OutboxEntry): Promise<void> {
    await this.kept.add(entry);
    this.tellChange();
    if (this.state === 'idle') this.go();
  }

  /** Connected: delivers, until `pause`. */
  resume(): void {
    this.retry.reset();
    this.go();
  }

  /** Not connected: nothing more is sent. What is under way may still be settled. */
  pause(): void {
    if (this.state === 'closed') return;
    clearTimeout(this.timer);
    this.state = 'paused';
  }

  /** For good. Resolves when what is under way is settled and the store closed; what is kept stays kept. */
  async close(): Promise<void> {
    this.pause();
    this.state = 'closed';
    await this.delivery;
    await this.kept.close().catch((error: unknown) => {
      this.options.logger.debug(`${this.options.label}: the outbox did not close well: ${messageOf(error)}`);
    });
  }

  private go(): void {
    if (this.state === 'closed' || this.state === 'delivering') return;
    clearTimeout(this.timer);
    this.state = 'delivering';
    this.delivery = this.delivery.then(() => this.deliverKept());
  }

  private async deliverKept(): Promise<void> {
    while (this.state === 'delivering') {
      try {
        const entry = await this.kept.oldest();
        if (entry) await this.deliverOldest(entry);
        else this.runEmpty();
      } catch (problem) {
        this.warn(problem);
        this.tryLater();
      }
    }
  }

  private async deliverOldest(entry: OutboxEntry): Promise<void> {
    if (this.state !== 'delivering') return;
    try {
      await this.options.deliver(entry);
    } catch (problem) {
      if (!isRefusedForGood(problem)) return this.tryLater();
      this.tell(() => this.emit('refused', entry, problem));
    }
    this.retry.reset();
    await this.kept.remove(entry);
    this.tellChange();
  }

  private runEmpty(): void {
    // One may have been added since.
    if (this.state !== 'delivering' || this.length > 0) return;
    this.state = 'idle';
    this.warned.clear();
  }

  private tryLater(): void {
    if (this.state !== 'delivering') return;
    this.state = 'waiting';
    this.timer = setTimeout(() => this.go(), this.retry.next());
  }

  private dropOut(count: number): void {
    this.droppedSoFar += count;
    this.tell(() => this.emit('dropped', count));
  }

  private warn(problem: unknown): void {
    if (!(problem instanceof MialinkError) || problem.code === 'CANCELLED') return;
    if (this.warned.has(problem.reason)) return;
    this.warned.add(problem.reason);
    this.options.logger.warn(problem);
  }

  private tellChange(): void {
    this.tell(() => this.emit('change'));
  }

  private tell(listener: () => unknown): void {
    runListener(this.options.logger, this.options.label, listener);
  }
}
