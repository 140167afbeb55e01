/**
 * Messages leave at the rate that the cloud takes, for what is above it the cloud drops without a word. A second's
 * worth may go at once, then one after the other; what has to wait stands in one line.
 *
 *   allowance   grows by `perSecond` each second, up to `perSecond`; each message takes 1
 *
 * Source: Alibaba Cloud IoT Platform, "Limits" (DeviceUplinkQPS).
 */
interface Turn {
  resolve(): void;
  reject(error: Error): void;
  timer: NodeJS.Timeout;
}

const LINE_LIMIT = 1_000;

export class Pace {
  private allowance: number;
  private countedAt = performance.now();
  private readonly line: Turn[] = [];
  private timer: NodeJS.Timeout | undefined;

  /** 0: no limit. */
  constructor(private readonly perSecond: number) {
    this.allowance = perSecond;
  }

  get inLine(): number {
    return this.line.length;
  }

  /** Counts a message that does not wait. */
  spend(): void {
    this.count();
    this.allowance -= 1;
  }

  /**
   * Undefined: now. Otherwise resolves when it is our turn; rejects with what `refused` makes when that takes longer
   * than `timeoutMs`, and at once if the line is full.
   */
  turn(timeoutMs: number, refused: () => Error): Promise<void> | undefined {
    if (this.perSecond === 0) return undefined;
    this.count();
    if (this.line.length === 0 && this.allowance >= 1) {
      this.allowance -= 1;
      return undefined;
    }
    if (this.line.length >= LINE_LIMIT) return Promise.reject(refused());
    return new Promise((resolve, reject) => {
      const turn: Turn = { resolve, reject, timer: setTimeout(() => this.leave(turn, refused()), timeoutMs) };
      this.line.push(turn);
      this.arrange();
    });
  }

  /** Whoever waits is rejected with `error`. */
  rejectAll(error: Error): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    for (const { timer, reject } of this.line.splice(0)) {
      clearTimeout(timer);
      reject(error);
    }
  }

  private leave(turn: Turn, error: Error): void {
    this.line.splice(this.line.indexOf(turn), 1);
    turn.reject(error);
  }

  private count(): void {
    const now = performance.now();
    const earned = ((now - this.countedAt) * this.perSecond) / 1_000;
    this.allowance = Math.min(this.perSecond, this.allowance + earned);
    this.countedAt = now;
  }

  private arrange(): void {
    if (this.timer || this.line.length === 0) return;
    const missing = Math.max(0, 1 - this.allowance);
    this.timer = setTimeout(() => this.callNext(), Math.ceil((missing * 1_000) / this.perSecond));
  }

  private callNext(): void {
    this.timer = undefined;
    this.count();
    while (this.allowance >= 1) {
      const turn = this.line.shift();
      if (!turn) return;
      clearTimeout(turn.timer);
      this.allowance -= 1;
      turn.resolve();
    }
    this.arrange();
  }
}
