/**
 * How long to wait for an answer, with the estimator of TCP (RFC 6298) for each method of one device. Pure; times in
 * milliseconds.
 *
 *   overdue   the same packet is sent again: early, since a device drops an id that it has seen
 *   lost      the command is sent under a new id: late, since a device that is only slow would run it twice. Which
 *             packet came through is not known, so that the last one too is given the time that an answer may take
 *
 * A method that was never answered begins with the waits of the device's other methods, but is not taken for lost
 * before the Wi-Fi module itself would have given its microcontroller up, which takes 4 s (php-miio #12).
 */
const INITIAL_OVERDUE_MS = 500;
const SHORTEST_OVERDUE_MS = 200;
const LONGEST_OVERDUE_MS = 2_000;
/** The 4 s of the module, and the way. */
const INITIAL_LONGEST_MS = 4_250;
const INITIAL_LOST_MS = 5_000;
const SHORTEST_LOST_MS = 1_000;
/** Answer times are kept for this many methods of a device. */
const METHODS_MEASURED = 64;

/** One answer: the time since the first and since the last packet of its id. */
export interface Measurement {
  sinceFirstMs: number;
  sinceLastMs: number;
  /** How often the packet was sent; only one packet makes the time exact. */
  packets: number;
}

export class AnswerTime {
  private known: 'nothing' | 'at most' | 'exactly' = 'nothing';
  /** Of what is known. */
  private smoothed = Number.NaN;
  private variation = Number.NaN;

  /** `others` knows the device's other methods. */
  constructor(private readonly others?: AnswerTime) {}

  get overdueMs(): number {
    if (this.known === 'nothing') return this.others?.overdueMs ?? INITIAL_OVERDUE_MS;
    return Math.min(Math.max(SHORTEST_OVERDUE_MS, this.longestMs), LONGEST_OVERDUE_MS);
  }

  /** From a packet that has come through to its answer, at most: the retransmission timeout of RFC 6298. */
  get longestMs(): number {
    if (this.known === 'nothing') return INITIAL_LONGEST_MS;
    return this.smoothed + 4 * this.variation;
  }

  /** What the device has needed, at most, and 0 as long as it has answered nothing. */
  get neededMs(): number {
    return this.known === 'nothing' ? 0 : this.longestMs;
  }

  /** How long an answer takes on the average; 0 as long as there was none. */
  get likelyMs(): number {
    return this.known === 'nothing' ? 0 : this.smoothed;
  }

  get lostMs(): number {
    if (this.known === 'nothing') return INITIAL_LOST_MS;
    return Math.max(SHORTEST_LOST_MS, 2 * this.longestMs);
  }

  /**
   * Learns from an answer. Of a packet that was sent again only bounds are known: they are good enough to begin with,
   * and count later on when even the last packet is older than any answer should be, because then the device has
   * become slow. Otherwise they are left out (Karn's rule), or a lossy network would make a fast device look slow.
   */
  add({ sinceFirstMs, sinceLastMs, packets }: Measurement): void {
    if (packets > 1) {
      if (this.known === 'nothing' || sinceLastMs > this.overdueMs) this.begin(sinceFirstMs, 'at most');
    } else if (this.known === 'exactly') {
      this.variation = 0.75 * this.variation + 0.25 * Math.abs(this.smoothed - sinceFirstMs);
      this.smoothed = 0.875 * this.smoothed + 0.125 * sinceFirstMs;
    } else {
      this.begin(sinceFirstMs, 'exactly');
    }
  }

  private begin(elapsedMs: number, known: 'at most' | 'exactly'): void {
    this.known = known;
    this.smoothed = elapsedMs;
    this.variation = known === 'exactly' ? elapsedMs / 2 : 0;
  }
}

/** What is known of one device. */
export class AnswerTimes {
  private readonly all = new AnswerTime();
  private readonly methods = new Map<string, AnswerTime>();

  of(method: string): AnswerTime {
    const known = this.methods.get(method);
    if (known) return known;
    const unknown = new AnswerTime(this.all);
    if (this.methods.size < METHODS_MEASURED) this.methods.set(method, unknown);
    return unknown;
  }

  add(method: string, measurement: Measurement): void {
    this.of(method).add(measurement);
    this.all.add(measurement);
  }
}

/** What a try follows from; milliseconds. */
export type Expectation = Pick<AnswerTime, 'overdueMs' | 'longestMs' | 'lostMs' | 'likelyMs'>;

/** Of a packet that is never sent again. */
export const NEVER_LOST: Expectation = {
  overdueMs: Number.POSITIVE_INFINITY,
  longestMs: Number.POSITIVE_INFINITY,
  lostMs: Number.POSITIVE_INFINITY,
  likelyMs: Number.POSITIVE_INFINITY,
};

/**
 * How long to wait behind each packet of one try, doubling. An early try ends when its answer is lost, and sends
 * nothing that could still be answered then; the last one goes on until the deadline ends it.
 */
export class Waits {
  private nextMs: number;
  /** Until the answer is lost. */
  private leftMs: number;
  private readonly longestMs: number;

  constructor({ overdueMs, longestMs, lostMs }: Expectation, last: boolean) {
    this.nextMs = overdueMs;
    this.leftMs = last ? Number.POSITIVE_INFINITY : lostMs;
    this.longestMs = longestMs;
  }

  /** Undefined when the answer is lost. */
  next(): number | undefined {
    const { nextMs, leftMs, longestMs } = this;
    if (leftMs === 0) return undefined;
    const isLast = leftMs <= nextMs + Math.max(longestMs, nextMs / 2);
    this.leftMs = isLast ? 0 : leftMs - nextMs;
    this.nextMs *= 2;
    return isLast ? leftMs : nextMs;
  }
}
