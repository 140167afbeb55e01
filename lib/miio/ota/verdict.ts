/**
 * What is to be thought of an update (pure): from what the device says of it, what it fetched, and which firmware it
 * runs. A new version is the proof of success, if it has asked for the file and, where the version that this brings is
 * known, runs that one. A device's word is not: some say idle after an image they refused, some
 * are silent while they install and come back idle, and some never say more than words that nobody has seen before.
 * Nor is a restart: one that could not start the new firmware comes back with the old.
 *
 * Source: the observed behaviour of devices (python-miio's updater; field reports of ESP modules that fetch a bad image
 * three times and are idle again).
 */
import { type Firmware, NO_UPDATE, type Reading } from './answers';

/** `done`: installed. All but `going` and `done` are failures; `otherVersion`: neither the former nor the target runs. */
export type Verdict = 'going' | 'done' | 'failed' | 'rejected' | 'otherVersion' | 'notFetched';

export interface Evidence {
  /** Before the order. */
  before: Pick<Firmware, 'version'>;
  /** What the device says now; undefined: it is silent. */
  state: string | undefined;
  /** It has said nothing else since before the order. */
  stateIsOld: boolean;
  /** As it tells it; asked only where its state does not say enough. */
  progress?: number;
  /** What it runs now; not asked while it is at work. */
  after?: Pick<Firmware, 'version'>;
  /** It has come up anew since before the order. */
  restarted: boolean;
  /** The version that the file brings, if that is known. */
  target?: string;
  /** How often it has asked for the file, or a piece of it. */
  requests: number;
  /** How often it has got the whole file, pieces added up. */
  fetches: number;
  /** Nothing has happened for so long that nothing more is to be expected. */
  quiet: boolean;
}

/** ESP modules try an image that they cannot use so often. */
const TRIES_WITH_A_BAD_IMAGE = 3;

/** Uptimes are whole seconds, and an answer may be as late as the question may wait. */
const ROUNDING_S = 2;
const LONGEST_GAP_S = 8;
/** More than an answer that is late and a copy that is as old as the longest gap make up together. */
const TOLERANCE_S = 15;
/** No clock of a device is that slow. */
const DRIFT = 0.1;

/** Whether a device can be given an order. A state that nobody knows is busy, unless no update is running. */
export function isFree(state: string, progress: number | undefined): boolean {
  if (['idle', 'failed', 'installed'].includes(state)) return true;
  return !isAtWork(state) && progress === NO_UPDATE;
}

/** Whether a device says that it is at work, in a word that everybody knows. */
export function isAtWork(state: string): boolean {
  return ['downloading', 'downloaded', 'installing', 'busy'].includes(state);
}

/** Whether a device says that it is at work no more, and has not failed. */
export function isAtRest(state: string, progress: number | undefined): boolean {
  return state !== 'failed' && isFree(state, progress);
}

/**
 * Whether a device has come up anew: its uptime is shorter than before or, where it was short already, has grown by
 * less than the time that passed. The latter is believed of a clock only that `previous`, the look before, shows to
 * run: some devices tell an uptime that stands still, or one that they look up now and then.
 */
export function hasRestarted(before: Reading, after?: Reading, previous?: Reading): boolean {
  if (before.uptimeS === undefined || after?.uptimeS === undefined) return false;
  if (after.uptimeS < before.uptimeS) return true;
  const passedS = after.atS - before.atS;
  const lostS = passedS - (after.uptimeS - before.uptimeS);
  return lostS > TOLERANCE_S + DRIFT * passedS && isRunning(previous, after);
}

/** Whether the uptime of two looks, one soon after the other, has grown by the time between them. */
function isRunning(previous: Reading | undefined, after: Reading): boolean {
  if (previous?.uptimeS === undefined || after.uptimeS === undefined) return false;
  const passedS = after.atS - previous.atS;
  const grownS = after.uptimeS - previous.uptimeS;
  return passedS <= LONGEST_GAP_S && grownS > 0 && Math.abs(passedS - grownS) <= ROUNDING_S;
}

export function judge(evidence: Evidence): Verdict {
  const { state, stateIsOld, progress, target, after, requests, quiet } = evidence;
  // A failure that was there before the order says nothing of it, unless it stays.
  const failed = state === 'failed' && (quiet || !stateIsOld);
  if (requests === 0) return failed || quiet ? 'notFetched' : 'going';
  const isOther = runsAnother(evidence);
  if (isOther && (target === undefined || after?.version === target)) return 'done';
  if (failed) return 'failed';
  // It may restart once more, into what is meant.
  if (isOther) return quiet ? 'otherVersion' : 'going';
  return state !== undefined && isAtRest(state, progress) ? judgeRest(evidence) : 'going';
}

/** Of a device that tells no other version than before. */
function judgeRest({ state, before, after, restarted, target, fetches, quiet }: Evidence): Verdict {
  const version = after?.version;
  // Just restarted, it may not tell its version yet.
  const hasTold = before.version === undefined || version !== undefined;
  const isMeant = version === undefined || target === undefined || version === target;
  if (fetches >= 1 && restarted && hasTold && isMeant) return 'done';
  if (fetches >= TRIES_WITH_A_BAD_IMAGE && !restarted) return 'rejected';
  if (!quiet) return 'going';
  if (fetches < 1) return 'rejected';
  const isComparable = before.version !== undefined && version !== undefined;
  return !isComparable || state === 'installed' ? 'done' : 'rejected';
}

/** Than before the order. */
function runsAnother({ before, after }: Evidence): boolean {
  if (before.version === undefined || after?.version === undefined) return false;
  return before.version !== after.version;
}

/** 1 to 99: what the device says, else how much of the file it has got. */
export function percentOf(progress: number | undefined, fetches: number): number {
  const known = progress === undefined || progress === NO_UPDATE ? fetches * 100 : progress;
  return Math.min(99, Math.max(1, Math.floor(known)));
}
