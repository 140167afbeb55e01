/**
 * Brings a device that is in set-up mode (an open access point of its own) into a Wi-Fi: `miIO.config_router`.
 *
 *   {"ssid":"...","passwd":"...","uid":0}      some vacuums also want "tz"
 *
 * Devices say yes as ["ok"], "ok", "OK", 0 or [0], or leave their access point before they have said it. On most
 * devices since 2019 the token is another one afterwards. "gmt_offset" is not sent: clients disagree on its unit.
 * Source: the behaviour of python-miio, aholstenson/miio and the vendor's app, as gathered in the field's reports.
 */
import { MialinkError } from '../errors';
import { isRecord } from '../untrusted';
import type { Caller, CallOptions } from './caller';
import type { Answer } from './command';

export interface WifiSettings {
  /** Name of a 2.4 GHz network, 1 to 32 bytes. */
  ssid: string;
  /** 8 to 63 characters; blank for an open network. */
  password: string;
  /** Number of the user's account; default 0, nobody. */
  uid?: number;
  /** IANA name such as `Europe/Berlin`, for devices that keep a timetable. */
  timezone?: string;
}

/**
 * `accepted`: the device said yes. `unanswered`: it was reached, but was not heard of or not understood after the
 * command, as happens with devices that leave their access point at once; only a hello in the Wi-Fi can tell.
 */
export type ProvisioningOutcome = 'accepted' | 'unanswered';

/** Which of the settings is wrong, and what it must be. */
type Mistake = { field: keyof WifiSettings; rule: string };

const SSID_BYTES = 32;
const PASSWORD_BYTES = { least: 8, most: 63 };
/** As much of an answer as a text bears. */
const MOST_SHOWN = 200;

/**
 * Sends the Wi-Fi's name and password; as often as any command, for the same network twice does no harm. Rejects with
 * `wifiInvalid`, `provisioningRefused`, or as `call` does when the device was not reached at all.
 */
export async function provision(
  device: Caller,
  wifi: WifiSettings,
  options: CallOptions = {},
): Promise<ProvisioningOutcome> {
  check(device.label, wifi);
  await checkReached(device, options);
  const answer = await configure(device, wifi, options);
  if (!answer) return 'unanswered';
  if (saysYes(answer.result)) return 'accepted';
  throw refused(device.label, JSON.stringify(answer.result) ?? '', wifi);
}

/** Undefined: nothing was heard, or nothing that is understood. */
async function configure(
  device: Caller,
  wifi: WifiSettings,
  options: CallOptions,
): Promise<Answer | undefined> {
  try {
    return await device.call('miIO.config_router', paramsOf(wifi), options);
  } catch (error) {
    if (!(error instanceof MialinkError)) throw error;
    if (error.peer) throw refused(device.label, `${error.peer.code} ${error.peer.message}`, wifi);
    // Silent, its access point gone, its token another one: each may be what success looks like from here.
    if (error.code === 'CONFIG' || error.code === 'CANCELLED') throw error;
    return undefined;
  }
}

/** Tells a wrong token or address before the command whose silence may be a success. */
async function checkReached(device: Caller, options: CallOptions): Promise<void> {
  try {
    await device.call('miIO.info', [], options);
  } catch (error) {
    // Without its cloud a device may have nothing to tell of itself; it is there, and the token fits.
    const reached = error instanceof MialinkError && (error.code === 'CODEC' || error.code === 'DEVICE');
    if (!reached) throw error;
  }
}

function paramsOf({ ssid, password, uid = 0, timezone }: WifiSettings): object {
  return { ssid, passwd: password, uid, ...(timezone ? { tz: timezone } : {}) };
}

function saysYes(result: unknown): boolean {
  const [answer] = Array.isArray(result) ? result : [result];
  return answer === 0 || (typeof answer === 'string' && answer.toLowerCase() === 'ok');
}

/**
 * For who sends `miIO.config_router` himself: throws `wifiInvalid` where the name or the password in its params cannot
 * be. The rest of them is left to the device.
 */
export function checkConfigRouter(device: string, params: unknown): void {
  if (!isRecord(params)) return;
  const { ssid = '', passwd = '' } = params;
  const mistake = mistakeIn(ssid, passwd);
  if (mistake) {
    throw new MialinkError('wifiInvalid', { device, ...mistake, context: ssid === '' ? 'blank' : 'params' });
  }
}

/** Whatever was given: a program may have been checked by no compiler. */
function check(device: string, wifi: unknown): void {
  const { ssid, password, uid = 0, timezone = '' } = isRecord(wifi) ? wifi : {};
  const mistake = mistakeIn(ssid, password) ?? mistakeInRest(uid, timezone);
  if (mistake) throw new MialinkError('wifiInvalid', { device, ...mistake });
}

function mistakeIn(ssid: unknown, password: unknown): Mistake | undefined {
  if (!isTextOf(1, SSID_BYTES, ssid)) {
    return { field: 'ssid', rule: `a text, 1 to ${SSID_BYTES} bytes long` };
  }
  const { least, most } = PASSWORD_BYTES;
  if (password === '' || isTextOf(least, most, password)) return undefined;
  return {
    field: 'password',
    rule: `a text, ${least} to ${most} characters long, or blank for an open network`,
  };
}

function mistakeInRest(uid: unknown, timezone: unknown): Mistake | undefined {
  const isUser = typeof uid === 'number' && Number.isSafeInteger(uid) && uid >= 0;
  if (!isUser) return { field: 'uid', rule: 'a whole number, 0 or more' };
  if (typeof timezone !== 'string') return { field: 'timezone', rule: 'a text such as Europe/Berlin' };
  return undefined;
}

function isTextOf(least: number, most: number, value: unknown): boolean {
  if (typeof value !== 'string') return false;
  const bytes = Buffer.byteLength(value);
  return bytes >= least && bytes <= most;
}

/** A device that repeats the request in its answer must not bring the password into a text. */
function refused(device: string, answer: string, { password }: WifiSettings): MialinkError {
  const spellings = [password, JSON.stringify(password).slice(1, -1)].filter((spelling) => spelling !== '');
  const shown = spellings.reduce((text, spelling) => text.replaceAll(spelling, '***'), answer);
  return new MialinkError('provisioningRefused', { device, answer: shown.slice(0, MOST_SHOWN) });
}
