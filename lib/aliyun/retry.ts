/**
 * When a lost connection is tried again: soon and then later (1 s .. 60 s), but slowly (30 s .. 10 min) when
 * trying fast cannot help: the cloud refused the sign-in, or another client with the same triple takes the
 * connection each time, as then every try of ours would throw that client out in turn.
 *
 * Source: Alibaba Cloud IoT Platform, "MQTT connection": one connection per triple, connects are counted per minute.
 */
import { Backoff } from '../backoff';
import type { MialinkError } from '../errors';
import { isTakeover } from './failure';

/**
 * How a try ended: refused by the cloud, failed on the way, taken by another client (which the cloud tells with MQTT 5
 * only), or lost so long after sign-in.
 */
export type Ending =
  | { kind: 'refused' }
  | { kind: 'failed' }
  | { kind: 'taken' }
  | { kind: 'lost'; connectedMs: number };

export interface Backoffs {
  quick: Backoff;
  slow: Backoff;
}

/** `signedInAt`: when CONNACK came, by `performance.now()`; undefined: it never did. */
export function endingOf(failure: MialinkError, signedInAt: number | undefined): Ending {
  if (failure.code === 'AUTH') return { kind: 'refused' };
  if (isTakeover(failure.cause)) return { kind: 'taken' };
  if (signedInAt === undefined) return { kind: 'failed' };
  return { kind: 'lost', connectedMs: performance.now() - signedInAt };
}

/** A connection that ends sooner after sign-in did not fail by chance. */
const SHORT_MS = 10_000;
const SHORT_TIMES_IN_A_ROW = 3;

export class Retry {
  private shortTimes = 0;

  constructor(
    private readonly backoffs: Backoffs = {
      quick: new Backoff(1000, 60_000),
      // Jitter takes up to a quarter off: 30 s at the earliest.
      slow: new Backoff(40_000, 600_000),
    },
  ) {}

  /**
   * Milliseconds until the next try; how often another client had to be suspected already, this time included. A broker
   * that restarts again and again, and is back each time before we are, looks the same in MQTT 3.1.1.
   */
  next(ending: Ending): { waitMs: number; takenTimes: number } {
    if (ending.kind === 'refused') return { waitMs: this.backoffs.slow.next(), takenTimes: 0 };
    if (ending.kind === 'failed') {
      // A broker that restarts is away in between; another client is not noticed before sign-in.
      this.shortTimes = 0;
      return { waitMs: this.backoffs.quick.next(), takenTimes: 0 };
    }
    if (ending.kind === 'taken') this.shortTimes = Math.max(this.shortTimes + 1, SHORT_TIMES_IN_A_ROW);
    else if (ending.connectedMs >= SHORT_MS) this.calm();
    else this.shortTimes += 1;
    const takenTimes = Math.max(0, this.shortTimes - (SHORT_TIMES_IN_A_ROW - 1));
    const backoff = takenTimes > 0 ? this.backoffs.slow : this.backoffs.quick;
    return { waitMs: backoff.next(), takenTimes };
  }

  /** The next loss is tried again soon. */
  connected(): void {
    this.backoffs.quick.reset();
  }

  private calm(): void {
    this.shortTimes = 0;
    this.backoffs.slow.reset();
  }
}
