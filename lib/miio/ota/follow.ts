/**
 * Follows an update that was ordered: looks at the device again and again, at longer intervals while nothing changes,
 * until there is a verdict. A device that does not answer is at work, or restarting: that alone is no failure, however
 * long it lasts; the caller's deadline ends it.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { Backoff } from '../../backoff';
import { MialinkError } from '../../errors';
import { type Reading, UNKNOWN } from './answers';
import { borneUnlessCancelled, isAnswer, type OtaCommands } from './commands';
import type { FileServer } from './file-server';
import { hasRestarted, isAtRest, isAtWork, judge, percentOf, type Verdict } from './verdict';

export interface UpgradeProgress {
  /** 1 to 99; never falls. */
  percent: number;
  /** What the device says; `unknown` for what is no word, `restarting` while it is silent with the whole file. */
  state: string;
}

export interface UpgradeResult {
  /** The device's last, such as `idle` or `installed`. */
  state: string;
  /** What it runs now; left out if it does not tell. */
  version?: string;
}

export interface FollowOptions {
  label: string;
  signal: AbortSignal;
  /** The first waiting time between two looks. */
  pollMs: number;
  /** How long nothing must have happened before nothing more is expected. */
  quietMs: number;
  /** The same of a device that has the whole file and has not restarted yet. */
  restartMs: number;
  /** The version that the file brings, if that is known. */
  target?: string;
  /** When percent or state have changed. */
  onProgress: (progress: UpgradeProgress) => void;
}

/** What one look at the device shows; all undefined: it is silent. */
interface Look {
  state?: string;
  progress?: number;
  after?: Reading;
}

const RESTARTING = 'restarting';

/** Times the first waiting time. */
const SLOWEST_POLL = 5;

/**
 * Resolves when the firmware is installed; rejects with `upgradeNotFetched`, `upgradeFailed`, `upgradeRejected` or
 * `upgradeOtherVersion`, or when `signal` is aborted.
 */
export async function follow(
  commands: OtaCommands,
  server: FileServer,
  before: Reading & { state: string },
  options: FollowOptions,
): Promise<UpgradeResult> {
  const { pollMs, signal, target } = options;
  const backoff = new Backoff(pollMs, pollMs * SLOWEST_POLL);
  const report = reporter(options.onProgress);
  const ordered = new Stillness();
  const still = new Stillness();
  let stateIsOld = true;
  let restarted = false;
  let previous: Reading | undefined;
  for (;;) {
    await pause(backoff.next(), undefined, { signal });
    const { state, progress, after } = await look(commands);
    const { requests, fetched } = server;
    restarted ||= hasRestarted(before, after, previous);
    previous = after;
    if (state !== undefined && state !== before.state) stateIsOld = false;
    if (still.endsWith([state, progress, requests, fetched, restarted].join())) backoff.reset();
    if (state !== undefined) report(percentOf(progress, fetched), state);
    else if (fetched >= 1) report(percentOf(progress, fetched), RESTARTING);
    const patienceMs = fetched >= 1 && !restarted ? options.restartMs : options.quietMs;
    const quiet = (requests === 0 ? ordered : still).lastsMs >= patienceMs;
    const fetches = Math.floor(fetched);
    const device = { before, state, stateIsOld, progress, after, restarted };
    const verdict = judge({ ...device, target, requests, fetches, quiet });
    if (verdict === 'done') return { state: state ?? '', version: after?.version };
    if (verdict !== 'going') throw failure(verdict, options.label, server, { target, ...after });
  }
}

/** How long nothing has happened. */
class Stillness {
  private sight = '';
  private since = performance.now();

  /** Whether something has happened: another sight than the last. */
  endsWith(sight: string): boolean {
    if (sight === this.sight) return false;
    this.sight = sight;
    this.since = performance.now();
    return true;
  }

  get lastsMs(): number {
    return performance.now() - this.since;
  }
}

async function look(commands: OtaCommands): Promise<Look> {
  const state = await commands.state().catch(unknownIfAnswered);
  if (state === undefined) return {};
  const progress = isAtRest(state, undefined)
    ? undefined
    : await commands.progress().catch(borneUnlessCancelled);
  if (isAtWork(state)) return { state, progress };
  const after = await commands.firmware().catch(borneUnlessCancelled);
  // Gone between two questions: what it said before is no longer true.
  return after ? { state, progress, after } : {};
}

/** A new firmware need not know the question of the old. */
function unknownIfAnswered(error: unknown): string | undefined {
  return isAnswer(error) ? UNKNOWN : borneUnlessCancelled(error);
}

/** Tells only what is new; the percent never falls, though devices count download and installation apart. */
function reporter(onProgress: FollowOptions['onProgress']): (percent: number, state: string) => void {
  let last: UpgradeProgress = { percent: 0, state: '' };
  return (percent, state) => {
    const next = { percent: Math.max(percent, last.percent), state };
    if (next.percent === last.percent && next.state === last.state) return;
    last = next;
    onProgress(next);
  };
}

function failure(
  verdict: Exclude<Verdict, 'going' | 'done'>,
  device: string,
  { location, fetched }: FileServer,
  { version = '', target = '' }: { version?: string; target?: string },
): MialinkError {
  switch (verdict) {
    case 'notFetched':
      return new MialinkError('upgradeNotFetched', { device, location });
    case 'failed':
      return new MialinkError('upgradeFailed', { device });
    case 'rejected':
      return new MialinkError('upgradeRejected', { device, fetches: Math.floor(fetched) });
    case 'otherVersion':
      return new MialinkError('upgradeOtherVersion', { device, version, target });
  }
}
