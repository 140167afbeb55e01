/**
 * The posts of one device in the order in which they were accepted, so that the outbox keeps them in it: what was on
 * its way when the connection broke is older than what had to queue up meanwhile, and is kept before it. But what waits
 * is not on the disk yet: behind a post that the cloud does not answer nothing waits for long, and the times of the
 * values tell their order.
 */
import { type Deferred, deferred } from '../wait';

export interface Place {
  /** Resolves when all posts before this one are answered or kept or have failed, or when that takes too long. */
  turn(): Promise<void>;
  /** The next one may go on. More than once is as good as once. */
  leave(): void;
}

/** Longer than a cloud that is there needs for a reply. */
const PATIENCE_MS = 1_000;

export class PostOrder {
  private readonly places = new Set<Deferred<void>>();
  private readonly waiting = new Set<Deferred<void>>();
  private timer: NodeJS.Timeout | undefined;

  /** Whether a post waits for its turn: a newer one must not overtake it. */
  get isWaitedIn(): boolean {
    return this.waiting.size > 0;
  }

  /** A place behind all that are taken. Whoever takes it leaves it. */
  take(): Place {
    const place = deferred<void>();
    this.places.add(place);
    if (this.places.size === 1) place.resolve();
    return { turn: () => this.turn(place), leave: () => this.leave(place) };
  }

  private turn(place: Deferred<void>): Promise<void> {
    this.waiting.add(place);
    this.timer ??= setTimeout(() => this.letAllGo(), PATIENCE_MS);
    return place.promise;
  }

  private letAllGo(): void {
    this.timer = undefined;
    for (const place of this.waiting) place.resolve();
  }

  private leave(place: Deferred<void>): void {
    this.places.delete(place);
    this.waiting.delete(place);
    if (this.waiting.size === 0) {
      clearTimeout(this.timer);
      this.timer = undefined;
    }
    const [first] = this.places;
    first?.resolve();
  }
}
