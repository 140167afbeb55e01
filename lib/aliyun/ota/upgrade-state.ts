/**
 * How far the upgrade of one module is (pure): state and event give the next state. An event that does not fit the
 * state changes nothing.
 *
 *   idle ──noticed──> notified ──started──> downloading <──received──> verifying ──verified──> verified
 *                                                              ^                                  │ progress of 0 to 99
 *                                                              │ restarted                        v
 *                                                              ├──────────────────────────── verified, flashing
 *                                                                                                 │ progress of 100
 *                                                                                                 v
 *                                                                                              waiting
 *
 *   From all between `notified` and `waiting`, which are the open ones:
 *     informed, of the version that the firmware brings -> done      the only success
 *     failed, or a negative progress                    -> failed
 *     noticed, of another firmware                      -> notified  of the same one: its fresh address is kept
 *   From idle, done and failed:  noticed -> notified,  refused -> failed
 *
 * At a restart a download goes on, and a firmware that the flow got once is verified again and handed out once more:
 * also from `waiting`, as the word that its version runs may have been lost.
 * Source: Alibaba Cloud IoT Platform, "OTA update": 100 percent ends nothing, only the informed version is success, and
 * the first negative step ends the cloud's task.
 */
import { isSameFirmware } from './download/firmware';
import type { FirmwareNotice } from './notice';
import type { Step } from './progress';

/** Something is to be done: by us, by the flow, or by a device that has yet to run its new version. */
export type OpenState = 'notified' | 'downloading' | 'verifying' | 'verified' | 'flashing' | 'waiting';

export type OtaState = 'idle' | OpenState | 'done' | 'failed';

export type Upgrade =
  | { state: 'idle' }
  /** Remembered until the next notice, but not its address. */
  | { state: 'done'; version: string }
  /** `unsent` is what the cloud has yet to hear of it. */
  | { state: 'failed'; version: string; unsent?: Step }
  | OpenUpgrade;

export interface OpenUpgrade {
  state: OpenState;
  notice: FirmwareNotice;
  /** The flow has got the firmware before. */
  repeated?: true;
}

export type UpgradeEvent =
  /** The program has started, and found the upgrade as it was left. */
  | { type: 'restarted' }
  | { type: 'noticed'; notice: FirmwareNotice }
  /** A notice that cannot be followed. */
  | { type: 'refused'; version: string }
  | { type: 'started' }
  /** Bytes have come, those of the last file included if `complete`. */
  | { type: 'received'; complete: boolean }
  | { type: 'verified' }
  /** The flow's progress, -4 to 100. */
  | { type: 'reported'; step: number }
  /** What runs now. */
  | { type: 'informed'; version: string }
  | { type: 'failed' }
  /** How it has failed waits to be sent; undefined: no longer. */
  | { type: 'unsent'; failure: Step | undefined };

export const IDLE: Upgrade = { state: 'idle' };

export function isOpen(upgrade: Upgrade): upgrade is OpenUpgrade {
  return 'notice' in upgrade;
}

/** Whether a download is under way. */
export function isFetching(upgrade: Upgrade): upgrade is OpenUpgrade {
  return upgrade.state === 'downloading' || upgrade.state === 'verifying';
}

/** The version that it is about. */
export function targetOf(upgrade: Upgrade): string | undefined {
  if (upgrade.state === 'idle') return undefined;
  return isOpen(upgrade) ? upgrade.notice.version : upgrade.version;
}

/** Whether the cloud has yet to hear that this version has failed: until then it offers it again. */
export function isUnheard(upgrade: Upgrade, version: unknown): boolean {
  return upgrade.state === 'failed' && upgrade.unsent !== undefined && upgrade.version === version;
}

/** The very same object when the event changes nothing. */
export function next(upgrade: Upgrade, event: UpgradeEvent): Upgrade {
  if (event.type === 'noticed') return noticed(upgrade, event.notice);
  if (!isOpen(upgrade)) return ended(upgrade, event);
  const { state, notice } = upgrade;
  switch (event.type) {
    case 'restarted':
      return isHandedOut(upgrade) || state === 'waiting'
        ? { ...upgrade, state: 'verifying', repeated: true }
        : upgrade;
    case 'started':
      return state === 'notified' ? { ...upgrade, state: 'downloading' } : upgrade;
    case 'received':
      return isFetching(upgrade) ? enter(upgrade, event.complete ? 'verifying' : 'downloading') : upgrade;
    case 'verified':
      return isFetching(upgrade) ? enter(upgrade, 'verified') : upgrade;
    case 'reported':
      return reported(upgrade, event.step);
    case 'informed':
      return event.version === notice.version ? { state: 'done', version: notice.version } : upgrade;
    case 'failed':
      return { state: 'failed', version: notice.version };
    case 'refused':
    case 'unsent':
      // What is under way is better than a notice that cannot be followed.
      return upgrade;
  }
}

/** What comes after the end, or before the first notice. */
function ended(upgrade: Exclude<Upgrade, OpenUpgrade>, event: UpgradeEvent): Upgrade {
  if (event.type === 'refused') return { state: 'failed', version: event.version };
  if (event.type !== 'unsent' || upgrade.state !== 'failed') return upgrade;
  const { state, version } = upgrade;
  return event.failure ? { state, version, unsent: event.failure } : { state, version };
}

function noticed(upgrade: Upgrade, notice: FirmwareNotice): Upgrade {
  if (!isOpen(upgrade) || !isSameFirmware(upgrade.notice, notice)) return { state: 'notified', notice };
  return upgrade.state === 'notified' || isFetching(upgrade) ? { ...upgrade, notice } : upgrade;
}

function reported(upgrade: OpenUpgrade, step: number): Upgrade {
  if (step < 0) return { state: 'failed', version: upgrade.notice.version };
  if (!isHandedOut(upgrade)) return upgrade;
  return enter(upgrade, step === 100 ? 'waiting' : 'flashing');
}

/** The flow has it, and has not said yet that it is flashed. */
function isHandedOut({ state }: OpenUpgrade): boolean {
  return state === 'verified' || state === 'flashing';
}

function enter(upgrade: OpenUpgrade, state: OpenState): OpenUpgrade {
  return upgrade.state === state ? upgrade : { ...upgrade, state };
}
