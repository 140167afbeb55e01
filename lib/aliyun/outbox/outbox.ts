/**
 * What is posted while the cloud is away is kept and delivered later, in the order in which it was accepted, each until
 * its reply. Some are under way at a time, or one reply's way would be the price of each. When one of them fails, no
 * more are sent until the others are settled; then the oldest goes first. A value that overtakes a younger one on its
 * second try harms nothing: each has its time.
 *
 *   paused ──resume──> delivering ──nothing is kept──> idle ──add──> delivering
 *                          └──kept for another try──> waiting ──time, resume──> delivering
 *   any ──pause──> paused        any ──close──> closed
 *
 * A reply that gets lost makes a post come twice, never not at all. What was answered behind one that was not comes
 * twice only if the process is killed before that one is settled. A post that the cloud refuses by a fault of its own
 * (500) is tried again and again, and holds up those behind it, until it is older than `maxAgeMs`. One that gets no reply
 * is warned of, and counts as refused when five tries on one connection had none, nor the next one, during which the
 * cloud answered another: a cloud that answers nobody loses nothing.
 */
import { EventEmitter } from 'node:events';
import { Backoff } from '../../backoff';
import { MialinkError, messageOf, type Reason } from '../../errors';
import { runListener } from '../../listener';
import type { Logger } from '../../logger';
import type { OutboxEntry } from './entry';
import { Kept, type KeptOptions } from './kept';
import { isRefusedForGood, isUnanswered } from './verdict';

export interface OutboxOptions extends Omit<KeptOptions, 'warn' | 'onDrop'> {
  /** Always settles: resolves when the cloud has taken it, else rejects with a MialinkError. */
  deliver(entry: OutboxEntry): Promise<unknown>;
  /** Whether a post need not stand in line, where its time would run. */
  mayGoNow(): boolean;
  logger: Logger;
  /** Waiting times before another try; default 1 s to 60 s. */
  retry?: Backoff;
}

export interface OutboxEvents {
  /** More or less is kept than before. */
  change: [];
  /** The cloud will never take it, or never answers it: it is not kept any more. */
  refused: [OutboxEntry, MialinkError];
  /** So many of the oldest were given up, for want of room or for their age. */
  dropped: [number];
}

/** So many of the oldest may be under way, or have been answered before an older one. */
const WINDOW = 16;
/** One reply may get lost. */
const TRIES_BEFORE_WARNING = 2;
/** With the pauses between them, the connection would have been found broken meanwhile. */
const MAX_TRIES = 5;
/** Between two warnings of what is dropped. */
const DROPS_INTERVAL_MS = 60_000;

export class Outbox extends EventEmitter<OutboxEvents> {
  private state: 'paused' | 'delivering' | 'idle' | 'waiting' | 'closed' = 'paused';
  private readonly kept: Kept;
  private readonly retry: Backoff;
  private timer: NodeJS.Timeout | undefined;
  private delivery = Promise.resolve();
  private readonly underWay = new Map<OutboxEntry, Promise<void>>();
  /** How many the cloud has answered. */
  private answers = 0;
  /** Tries without a reply on the present connection: a broken one explains the silence. */
  private readonly silentTries = new Map<OutboxEntry, number>();
  /** Once is enough, until it has been empty. */
  private readonly warned = new Set<Reason>();
  /** With the number of those dropped that the log does not have yet. */
  private untoldDrops: MialinkError | undefined;
  /** Of `performance.now()`; undefined: not since it was empty. */
  private dropsToldAt: number | undefined;

  constructor(private readonly options: OutboxOptions) {
    super();
    this.retry = options.retry ?? new Backoff(1_000, 60_000);
    this.kept = new Kept({
      ...options,
      warn: (problem) => this.warn(problem),
      onDrop: (count, problem) => this.dropOut(count, problem),
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
    return this.kept.dropped;
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
    this.silentTries.clear();
  }

  /** For good. Resolves when what is under way is settled and the store closed; what is kept stays kept. */
  async close(): Promise<void> {
    this.pause();
    this.state = 'closed';
    await this.delivery;
    this.tellDrops();
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
        const window = await this.kept.oldest(WINDOW, (entry) => this.isStuck(entry));
        const next = window.find((entry) => !this.underWay.has(entry));
        if (next && (this.underWay.size === 0 || this.options.mayGoNow())) this.send(next);
        else if (this.underWay.size > 0) await Promise.race(this.underWay.values());
        else this.runEmpty();
      } catch (problem) {
        this.warn(problem);
        this.tryLater();
      }
    }
    await Promise.all(this.underWay.values());
  }

  private send(entry: OutboxEntry): void {
    if (this.state !== 'delivering') return;
    const delivery = this.deliver(entry).finally(() => this.underWay.delete(entry));
    this.underWay.set(entry, delivery);
  }

  private async deliver(entry: OutboxEntry): Promise<void> {
    const answersBefore = this.answers;
    try {
      await this.options.deliver(entry);
      this.answers += 1;
    } catch (problem) {
      const hasOtherAnswers = this.answers > answersBefore;
      if (!isRefusedForGood(problem) && !this.isGivenUp(entry, problem, hasOtherAnswers))
        return this.tryLater();
      this.tell(() => this.emit('refused', entry, problem));
    }
    this.retry.reset();
    this.silentTries.delete(entry);
    await this.kept.remove(entry);
    this.tellChange();
  }

  private isGivenUp(entry: OutboxEntry, problem: unknown, hasOtherAnswers: boolean): problem is MialinkError {
    if (this.state === 'paused' || this.state === 'closed' || !isUnanswered(problem)) return false;
    if (this.isStuck(entry) && hasOtherAnswers) return true;
    const tries = (this.silentTries.get(entry) ?? 0) + 1;
    this.silentTries.set(entry, tries);
    if (tries === TRIES_BEFORE_WARNING) {
      const { label: device } = this.options;
      const { operation } = entry;
      this.warn(new MialinkError('outboxStalled', { device, operation, tries: MAX_TRIES }));
    }
    return false;
  }

  private isStuck(entry: OutboxEntry): boolean {
    return (this.silentTries.get(entry) ?? 0) >= MAX_TRIES;
  }

  private runEmpty(): void {
    // One may have been added since.
    if (this.state !== 'delivering' || this.length > 0) return;
    this.state = 'idle';
    this.warned.clear();
    this.tellDrops();
    this.dropsToldAt = undefined;
  }

  private tryLater(): void {
    if (this.state !== 'delivering') return;
    this.state = 'waiting';
    this.timer = setTimeout(() => this.go(), this.retry.next());
  }

  private dropOut(count: number, problem: MialinkError): void {
    this.untoldDrops = problem;
    const toldMsAgo = performance.now() - (this.dropsToldAt ?? Number.NEGATIVE_INFINITY);
    if (toldMsAgo >= DROPS_INTERVAL_MS) this.tellDrops();
    this.tell(() => this.emit('dropped', count));
    this.tellChange();
  }

  /** At the first, once a minute while it goes on, and when it is over: so the log has the number in the end. */
  private tellDrops(): void {
    if (!this.untoldDrops) return;
    this.options.logger.warn(this.untoldDrops);
    this.untoldDrops = undefined;
    this.dropsToldAt = performance.now();
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
