/**
 * Messages leave at the rate that the cloud takes, for what is above it the cloud drops without a word. Half a second's
 * worth may go at once, then one after the other; what has to wait stands in one line.
 *
 *   allowance   grows by 0.9 of `perSecond` each second, up to `burst`: half of `perSecond`, but at least 1
 *               each message takes 1; one that does not wait may borrow, down to -`burst`
 *
 * A little less than the cloud takes, for it counts what arrives, and what left evenly may arrive in bunches. The debt
 * has a bound, or a flood of answers would keep everything else back long after it is over.
 *
 * Source: Alibaba Cloud IoT Platform, "Limits" (DeviceUplinkQPS).
 */
interface Turn {
  resolve(): void;
  reject(error: Error): void;
  timer: NodeJS.Timeout;
}

const LINE_LIMIT = 1_000;
/** Of the cloud's rate. */
const USED_SHARE = 0.9;
/** How much may go at once. */
const BURST_S = 0.5;

export class Pace {
  private readonly refillPerSecond: number;
  private readonly burst: number;
  private allowance: number;
  private countedAt = performance.now();
  private readonly line: Turn[] = [];
  private timer: NodeJS.Timeout | undefined;

  /** What the cloud takes, which need not be whole. 0: no limit. */
  constructor(private readonly perSecond: number) {
    this.refillPerSecond = perSecond * USED_SHARE;
    this.burst = Math.max(1, perSecond * BURST_S);
    this.allowance = this.burst;
  }

  get inLine(): number {
    return this.line.length;
  }

  /** Whether a message may go now. */
  get isFree(): boolean {
    if (this.perSecond === 0) return true;
    this.count();
    return this.line.length === 0 && this.allowance >= 1;
  }

  /** Counts a message that does not wait. */
  spend(): void {
    this.count();
    this.allowance = Math.max(-this.burst, this.allowance - 1);
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
    const earned = ((now - this.countedAt) * this.refillPerSecond) / 1_000;
    this.allowance = Math.min(this.burst, this.allowance + earned);
    this.countedAt = now;
  }

  private arrange(): void {
    if (this.timer || this.line.length === 0) return;
    const missing = Math.max(0, 1 - this.allowance);
    this.timer = setTimeout(() => this.callNext(), Math.ceil((missing * 1_000) / this.refillPerSecond));
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
