/**
 * One at a time, and of those that come meanwhile only the newest: a firmware that was pushed while another was installed is
 * installed next, unless it is out of date by then.
 */
import { type Deferred, deferred } from '../lib/wait';

/** `mine`: until `end` is called. `outdated`: a newer one has come. `again`: the same is under way already. */
export type Turn = 'mine' | 'outdated' | 'again';

export class NewestTurn {
  /** As its caller names it. */
  private underWay: string | undefined;
  private waiting: { name: string; turn: Deferred<Turn> } | undefined;

  /** Resolves when it is known; what waited until now is outdated. */
  async take(name: string): Promise<Turn> {
    this.waiting?.turn.resolve('outdated');
    this.waiting = undefined;
    if (this.underWay === name) return 'again';
    if (this.underWay === undefined) {
      this.underWay = name;
      return 'mine';
    }
    const turn = deferred<Turn>();
    this.waiting = { name, turn };
    return turn.promise;
  }

  end(): void {
    const { waiting } = this;
    this.waiting = undefined;
    this.underWay = waiting?.name;
    waiting?.turn.resolve('mine');
  }
}
