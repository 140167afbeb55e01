/**
 * What a device answers about its update (pure). All of it is open-ended, so whatever cannot be read becomes a
 * defined value instead of an error.
 *
 *   miIO.get_ota_state     ["idle" | "downloading" | "downloaded" | "installing" | "installed" | "failed" | "busy"]
 *                          or another word; dreame says "dowloaded"
 *   miIO.get_ota_progress  [0..100], 101: no update is running
 *   miIO.ota               ["ok"]; some devices take an order they refuse with -1
 *   miIO.info              {fw_ver, life, ...}, both optional; life is the uptime in seconds
 *
 * Source: the observed behaviour of devices (python-miio's updater and issue #479) and Xiaomi's device SDK.
 */
import { isRecord } from '../../untrusted';

/** What runs on a device; what it does not tell is undefined. */
export interface Firmware {
  version: string | undefined;
  uptimeS: number | undefined;
}

/** The same, and when it was told, in seconds of a clock of ours that never jumps. */
export interface Reading extends Firmware {
  atS: number;
}

export const NO_UPDATE = 101;
export const UNKNOWN = 'unknown';

const TYPOS: Record<string, string> = { dowloaded: 'downloaded', dowloading: 'downloading' };
const REFUSALS = new Set(['error', 'failed', 'unknown_method']);
const LONGEST_VERSION = 64;

/** The state as one word in lower case; `unknown` for what is none. */
export function readState(result: unknown): string {
  const [first] = listOf(result);
  const word = typeof first === 'string' ? first.trim().toLowerCase() : '';
  if (!/^[a-z][\w-]{0,31}$/.test(word)) return UNKNOWN;
  return Object.hasOwn(TYPOS, word) ? (TYPOS[word] ?? word) : word;
}

/** 0 to 100 percent, or 101 while no update is running; undefined for what is neither. */
export function readProgress(result: unknown): number | undefined {
  const [first] = listOf(result);
  const number = typeof first === 'string' && /^\d+$/.test(first) ? Number(first) : first;
  if (typeof number !== 'number' || !(number >= 0 && number <= NO_UPDATE)) return undefined;
  return Math.floor(number);
}

export function readFirmware(result: unknown): Firmware {
  const { fw_ver: version, life } = isRecord(result) ? result : {};
  const isVersion = typeof version === 'string' && version !== '' && version.length <= LONGEST_VERSION;
  const isUptime = typeof life === 'number' && life >= 0 && Number.isFinite(life);
  return { version: isVersion ? version : undefined, uptimeS: isUptime ? life : undefined };
}

/**
 * The refusal in the answer to an order, as text. Only what surely is one: an order wrongly taken for accepted shows
 * soon, since nobody fetches the file; one wrongly taken for refused would run on without a file.
 */
export function readRefusal(result: unknown): string | undefined {
  const refusal = listOf(result).find((item) =>
    typeof item === 'number' ? item < 0 : typeof item === 'string' && REFUSALS.has(item.toLowerCase()),
  );
  return refusal === undefined ? undefined : String(refusal);
}

function listOf(result: unknown): unknown[] {
  return Array.isArray(result) ? result : [result];
}
