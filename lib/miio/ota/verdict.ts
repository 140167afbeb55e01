/**
 * What is to be thought of an update (pure): from what the device says of it, what it fetched, and which firmware it
 * runs. A new version is the proof of success. A device's word is not: some say idle after an image they refused, some
 * are silent while they install and come back idle, and some never say more than words that nobody has seen before.
 *
 * Source: the observed behaviour of devices (python-miio's updater; field reports of ESP modules that fetch a bad image
 * three times and are idle again).
 */
import { type Firmware, NO_UPDATE } from './answers';

/** `done`: installed. All but `going` and `done` are failures. */
export type Verdict = 'going' | 'done' | 'failed' | 'rejected' | 'notFetched';

export interface Evidence {
  /** Before the order. */
  before: Firmware;
  /** What the device says now; undefined: it is silent. */
  state: string | undefined;
  /** It has said nothing else since before the order. */
  stateIsOld: boolean;
  /** What it runs now; asked only while it rests. */
  after?: Firmware;
  /** How often it has asked for the file, or a piece of it. */
  requests: number;
  /** How often it has got the whole file, pieces added up. */
  fetches: number;
  /** Nothing has happened for so long that nothing more is to be expected. */
  quiet: boolean;
}

/** ESP modules try an image that they cannot use so often. */
const TRIES_WITH_A_BAD_IMAGE = 3;

/** Whether a device can be given an order. A state that nobody knows is busy, unless no update is running. */
export function isFree(state: string, progress: number | undefined): boolean {
  if (['idle', 'failed', 'installed'].includes(state)) return true;
  if (['downloading', 'downloaded', 'installing', 'busy'].includes(state)) return false;
  return progress === NO_UPDATE;
}

/** Whether a device says that it is at work no more. */
export function isAtRest(state: string | undefined): boolean {
  return state === 'idle' || state === 'installed';
}

export function judge(evidence: Evidence): Verdict {
  const { state, stateIsOld, requests, quiet } = evidence;
  if (isAtRest(state) && isOther(evidence)) return 'done';
  // A failure that was there before the order says nothing of it, unless it stays.
  const failed = state === 'failed' && (quiet || !stateIsOld);
  if (requests === 0) return failed || quiet ? 'notFetched' : 'going';
  if (failed) return 'failed';
  return isAtRest(state) ? judgeRest(evidence) : 'going';
}

function judgeRest(evidence: Evidence): Verdict {
  const { state, before, after, fetches, quiet } = evidence;
  if (fetches >= 1 && hasRestarted(evidence)) return 'done';
  if (fetches >= TRIES_WITH_A_BAD_IMAGE) return 'rejected';
  if (!quiet) return 'going';
  const comparable = before.version !== undefined && after?.version !== undefined;
  return fetches >= 1 && (state === 'installed' || !comparable) ? 'done' : 'rejected';
}

function isOther({ before, after }: Evidence): boolean {
  if (before.version === undefined || after?.version === undefined) return false;
  return before.version !== after.version;
}

function hasRestarted({ before, after }: Evidence): boolean {
  if (before.uptimeS === undefined || after?.uptimeS === undefined) return false;
  return after.uptimeS < before.uptimeS;
}

/** 1 to 99: what the device says, else how much of the file it has got. */
export function percentOf(progress: number | undefined, fetches: number): number {
  const known = progress === undefined || progress === NO_UPDATE ? fetches * 100 : progress;
  return Math.min(99, Math.max(1, Math.floor(known)));
}
