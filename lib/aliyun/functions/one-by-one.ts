/**
 * Requests whose replies do not say to which of them they belong: the next one is sent when the one before is over.
 *
 *   waiting ──its turn──> sending ──sent──────────> sent ──its reply, or its time is over──> (settled)
 *      │                     └──time is over──> overdue ──sent──────────────────────────────────^
 *      └──its time is over──────────────────────────────────────────────────────────────────────^
 *
 * A reply settles the one whose turn it is in each state, as it may come before the sending is confirmed. Whoever owns
 * the line calls `rejectAll` when it closes, so nobody waits for ever.
 */
interface Turn<Reply> {
  state: 'waiting' | 'sending' | 'overdue' | 'sent';
  send(): Promise<void>;
  late(): Error;
  resolve(reply: Reply): void;
  reject(error: Error): void;
  timer: NodeJS.Timeout;
}

export class OneByOne<Reply> {
  /** The first is the one whose turn it is. */
  private readonly line: Turn<Reply>[] = [];

  /**
   * Calls `send` when it is its turn, and waits for the reply; rejects with what `late` makes when that takes longer
   * than `timeoutMs` in all. `send` has a time limit of its own and knows what is in its way, so it is waited for; what
   * it rejects with, all who stand behind are told too, for the same is in theirs.
   */
  ask(send: () => Promise<void>, timeoutMs: number, late: () => Error): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.expire(turn), timeoutMs);
      const turn: Turn<Reply> = { state: 'waiting', send, late, resolve, reject, timer };
      this.line.push(turn);
      this.startFirst();
    });
  }

  /** True if somebody waited for a reply. */
  resolve(reply: Reply): boolean {
    const [turn] = this.line;
    turn?.resolve(reply);
    return this.leave(turn);
  }

  /** True if somebody waited for a reply. */
  reject(error: Error): boolean {
    const [turn] = this.line;
    turn?.reject(error);
    return this.leave(turn);
  }

  rejectAll(error: Error): void {
    for (const turn of this.line.splice(0)) {
      clearTimeout(turn.timer);
      turn.reject(error);
    }
  }

  private startFirst(): void {
    const [turn] = this.line;
    if (turn?.state !== 'waiting') return;
    turn.state = 'sending';
    turn.send().then(
      () => this.sent(turn),
      (error: Error) => {
        if (this.line.includes(turn)) this.rejectAll(error);
      },
    );
  }

  private sent(turn: Turn<Reply>): void {
    if (turn.state === 'overdue') this.expire(turn);
    else turn.state = 'sent';
  }

  private expire(turn: Turn<Reply>): void {
    if (turn.state === 'sending') {
      turn.state = 'overdue';
      return;
    }
    turn.reject(turn.late());
    this.leave(turn);
  }

  private leave(turn: Turn<Reply> | undefined): boolean {
    if (!turn || !this.line.includes(turn)) return false;
    clearTimeout(turn.timer);
    this.line.splice(this.line.indexOf(turn), 1);
    this.startFirst();
    return true;
  }
}
