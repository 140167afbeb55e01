/**
 * How long one request of an operation may take, and how often it may be sent (pure).
 *
 * A request that is larger than any answered before gets half of the time that is left and one retry: there must be
 * time to ask for less. But a module that needs 4 s to say -9999 is given them, or its refusals would never be heard;
 * so a get of 10 s hears two of them, and the next one begins with what was learned.
 *
 * What the device has not answered before is a trial: silence may be due to what is asked for.
 */
import type { CallOptions } from '../caller';
import type { Item } from './item';
import type { Limits } from './limits';

/** Of one request. */
export type Allowance = Pick<CallOptions, 'timeoutMs' | 'retries' | 'repeatsUnheard' | 'trial'>;

/** What the operation has left for it. */
export interface Means {
  leftMs: number;
  retries: number;
  /** True when nothing is left to be asked after it. */
  isLast: boolean;
}

/** The Wi-Fi module waits about 4 s for its controller: a property that spoils all gets no more. */
const SPOILER_TIMEOUT_MS = 5_000;

export function allowanceFor(items: readonly Item[], limits: Limits, means: Means): Allowance {
  const { leftMs, retries, isLast } = means;
  const isSpoiler = items.some((item) => limits.isSpoiler(item));
  const isProven = !isSpoiler && limits.isProven(items);
  const trial = !isProven;
  if (isProven || (isLast && !isSpoiler)) return { timeoutMs: leftMs, retries, trial };
  const enough = isSpoiler ? SPOILER_TIMEOUT_MS : Math.max(Math.ceil(leftMs / 2), limits.patienceMs);
  // The halves are the retries. One against a lost datagram remains, unless its refusal would come too late anyway:
  // then the device would only have to work on it twice.
  const most = leftMs < limits.patienceMs ? 0 : 1;
  return {
    timeoutMs: Math.ceil(Math.min(leftMs, enough)),
    retries: Math.min(retries, most),
    repeatsUnheard: false,
    trial,
  };
}
