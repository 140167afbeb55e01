/**
 * An upgrade as it is kept on disk (pure):
 *
 *   {"state":"downloading","notice":{"version":"2.0.0","module":"default","files":[{…}],"isDiff":false}}
 *   {"state":"done","version":"2.0.0"}
 *   {"state":"failed","version":"2.0.0","unsent":{"step":-3,"desc":"…"}}
 *
 * With an open one goes its signed address, so the file is a secret. Whatever was damaged or changed by hand is no
 * upgrade: nothing of it is used.
 */
import { isDeeperThan, isRecord, type Json, MAX_DEPTH, withoutPrototypes } from '../../untrusted';
import { isSafeFileName } from './download/file-name';
import type { FirmwareNotice, NoticeFile, StreamAddress } from './notice';
import { LONGEST_DESC, type Step } from './progress';
import { IDLE, type OpenState, type Upgrade } from './upgrade-state';

/** A notice has at most 256 KB, and may be five times as long when it is written anew: `1e20` in 21 digits. */
export const MAX_RECORD_BYTES = 2 ** 21;

/** The notice is nested that much deeper than it came. */
const LEVELS = MAX_DEPTH + 2;

const OPEN_STATES: readonly OpenState[] = [
  'notified',
  'downloading',
  'verifying',
  'verified',
  'flashing',
  'waiting',
];

export function encodeUpgrade(upgrade: Upgrade): string {
  return `${JSON.stringify(upgrade)}\n`;
}

/** Undefined for what is none. */
export function parseUpgrade(text: string): Upgrade | undefined {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(found) || isDeeperThan(found, LEVELS)) return undefined;
  const { state, version, unsent, notice, repeated } = withoutPrototypes(found);
  if (state === 'idle') return IDLE;
  if (state === 'done') return isText(version) ? { state, version } : undefined;
  if (state === 'failed') return isText(version) ? readFailed(version, unsent) : undefined;
  const open = OPEN_STATES.find((one) => one === state);
  if (open === undefined || !isNotice(notice)) return undefined;
  return { state: open, notice, ...(repeated === true ? { repeated } : {}) };
}

function readFailed(version: string, unsent: unknown): Upgrade | undefined {
  if (unsent === undefined) return { state: 'failed', version };
  return isFailure(unsent) ? { state: 'failed', version, unsent } : undefined;
}

function isFailure(value: unknown): value is Step {
  if (!isRecord(value)) return false;
  const { step, desc } = value;
  const isStep = typeof step === 'number' && Number.isInteger(step) && step >= -4 && step < 0;
  return isStep && typeof desc === 'string' && desc.length <= LONGEST_DESC;
}

function isNotice(value: unknown): value is FirmwareNotice {
  if (!isRecord(value) || !Array.isArray(value.files) || value.files.length === 0) return false;
  const { id, version, module, files, isDiff, extData } = value;
  return (
    isText(version) &&
    isText(module) &&
    isTextOrAbsent(id) &&
    typeof isDiff === 'boolean' &&
    (extData === undefined || isRecord(extData)) &&
    files.every(isFile)
  );
}

function isFile(value: unknown): value is NoticeFile {
  if (!isRecord(value)) return false;
  const { name, size, digestSign } = value;
  return (
    isText(name) &&
    isSafeFileName(name) &&
    isWhole(size) &&
    size > 0 &&
    isTextOrAbsent(digestSign) &&
    hasDigest(value) &&
    hasPlace(value)
  );
}

function hasDigest({ signMethod, sign }: Json): boolean {
  if (!isText(sign)) return false;
  return (
    (signMethod === 'md5' && /^[\da-f]{32}$/.test(sign)) ||
    (signMethod === 'sha256' && /^[\da-f]{64}$/.test(sign))
  );
}

function hasPlace({ url, stream }: Json): boolean {
  return url === undefined ? isStream(stream) : isText(url) && stream === undefined;
}

function isStream(value: unknown): value is StreamAddress {
  return isRecord(value) && isWhole(value.streamId) && isWhole(value.fileId);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isTextOrAbsent(value: unknown): boolean {
  return value === undefined || isText(value);
}

function isWhole(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
