/**
 * How much one device bears in one request of one method, learned from what it answered and what it refused.
 *
 * The limit is the firmware's own secret: 1 item, 10 or 15, and at most 800 bytes towards the controller behind the
 * Wi-Fi module. Above it the answer is -9999, or none. One single property can spoil every request that it is part of
 * (xiaomi.vacuum.c107); such a one is asked alone. Source: python-miio #861, #1265 and #1938, Xiaomi's device SDK.
 */
import type { Item } from './item';

const START_SIZE = 15;
/** Behind the longest silence of a controller that is known, 4 s, with a margin. */
const MOST_PATIENCE_MS = 5_000;
const MARGIN = 1.25;
/** Towards the controller; the envelope with id and method included. */
const MAX_REQUEST_BYTES = 800;
const ENVELOPE_BYTES = 64;

export class Limits {
  private size = START_SIZE;
  private mostAnswered = 0;
  private slowestRefusalMs = 0;
  private readonly answered = new Set<string>();
  private readonly spoilers = new Set<string>();
  private readonly leftOut = new Set<string>();

  /** Those that spoil a request last, so that what is sound has its value first. */
  inOrder<One extends Item>(items: readonly One[]): One[] {
    return [
      ...items.filter((item) => !this.isSpoiler(item)),
      ...items.filter((item) => this.isSpoiler(item)),
    ];
  }

  /** The first of `items` that may travel in one request: at least one. */
  portion<One extends Item>(items: readonly One[]): One[] {
    let bytes = ENVELOPE_BYTES;
    const end = items.findIndex((item, index) => {
      bytes += bytesOf(item);
      const full = index >= this.size || bytes > MAX_REQUEST_BYTES;
      return index > 0 && (full || this.isSpoiler(item) || this.isSpoiler(items[0]));
    });
    return items.slice(0, end === -1 ? items.length : end);
  }

  /** True when the device has answered each of these before, and as many at once. */
  isProven(items: readonly Item[]): boolean {
    return items.length <= this.mostAnswered && items.every(({ key }) => this.answered.has(key));
  }

  isSpoiler(item: Item | undefined): boolean {
    return item !== undefined && this.spoilers.has(item.key);
  }

  /** A request for these was answered; `missing` are those of which the answer says nothing. */
  answers(items: readonly Item[], missing: readonly Item[]): void {
    this.mostAnswered = Math.max(this.mostAnswered, items.length);
    for (const item of items) {
      this.answered.add(item.key);
      if (!missing.includes(item)) this.leftOut.delete(item.key);
    }
  }

  /** Answers leave it out, also when it is asked for by itself. */
  isLeftOut({ key }: Item): boolean {
    return this.leftOut.has(key);
  }

  /** These were asked for by themselves, after an answer to more had left them out, and did not come either. */
  leavesOut(items: readonly Item[]): void {
    for (const { key } of items) this.leftOut.add(key);
  }

  /** How long a request has to be waited for, or its refusal is not heard. */
  get patienceMs(): number {
    return Math.min(this.slowestRefusalMs * MARGIN, MOST_PATIENCE_MS);
  }

  /** A request was refused after this time. */
  refusedAfter(ms: number): void {
    this.slowestRefusalMs = Math.max(this.slowestRefusalMs, ms);
  }

  /** So many were too many. */
  exceededBy(count: number): void {
    this.size = Math.min(this.size, Math.ceil(count / 2));
  }

  /** It is refused even alone, so its number was not what made the requests around it fail. */
  spoiledBy(item: Item): void {
    if (this.isSpoiler(item)) return;
    this.spoilers.add(item.key);
    this.forgetSize();
  }

  forgetSize(): void {
    this.size = START_SIZE;
  }
}

/** Reading and writing have limits of their own, and so have MIoT and classic properties. */
export class DeviceLimits {
  readonly miotReads = new Limits();
  readonly miotWrites = new Limits();
  readonly classicReads = new Limits();
}

/** With the comma. What JSON cannot express travels alone, and is refused by the session. */
function bytesOf({ param }: Item): number {
  try {
    return Buffer.byteLength(JSON.stringify(param)) + 1;
  } catch {
    return MAX_REQUEST_BYTES;
  }
}
