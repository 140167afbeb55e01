/**
 * The posts of one device in the order in which they were accepted, so that the outbox keeps them in it: what was on
 * its way when the connection broke is older than what had to queue up meanwhile, and is kept before it.
 */
import { type Deferred, deferred } from '../wait';

export interface Place {
  /** Resolves when all posts before this one are answered or kept, or have failed. */
  turn(): Promise<void>;
  /** The next one may go on. More than once is as good as once. */
  leave(): void;
}

export class PostOrder {
  private readonly places = new Set<Deferred<void>>();
  private readonly waiting = new Set<Deferred<void>>();

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
    return place.promise;
  }

  private leave(place: Deferred<void>): void {
    this.places.delete(place);
    this.waiting.delete(place);
    const [first] = this.places;
    first?.resolve();
  }
}
