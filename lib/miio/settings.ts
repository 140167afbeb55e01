/** A device's settings, as its user gives them and as the session needs them (pure). */
import { MialinkError } from '../errors';
import { isRecord } from '../untrusted';
import { MIIO_PORT } from './packet';
import { parseToken } from './token';

export interface DeviceSettings {
  /** What texts call the device; default its address. */
  name?: string;
  /** IPv4 address or host name. */
  address: string;
  /** Default 54321. */
  port?: number;
  /** 32 hexadecimal digits. */
  token: string;
  /** Decimal; when given, no other device is spoken to, and this one is found again under a new address. */
  deviceId?: string;
  /** Deadline of a whole command in milliseconds: queue, repeats and retries included; default 10000. */
  timeoutMs?: number;
  /** How often a command may be sent again under a new id; default 3. */
  retries?: number;
  /** Local IP address to send from; blank: chosen by the system. */
  bindAddress?: string;
}

/** Checked settings. */
export interface CheckedSettings {
  label: string;
  address: string;
  port: number;
  token: Buffer;
  deviceId?: string;
  timeoutMs: number;
  retries: number;
  bindAddress: string;
}

const LARGEST_DEVICE_ID = 2n ** 64n - 1n;
/** The longest time that a timer takes. */
const LARGEST_NUMBER = 2 ** 31 - 1;

/** What a program gives that no compiler has checked. */
type Given = Partial<Record<keyof DeviceSettings, unknown>>;

/** Throws the MialinkError (`CONFIG`) of the first setting that is missing or malformed. */
export function checkSettings(settings: DeviceSettings): CheckedSettings {
  const given: Given = isRecord(settings) ? settings : {};
  const address = textOf('the device', 'address', given.address);
  const name = textOf(address || 'the device', 'name', given.name);
  const device = name && address ? `${name} (${address})` : name || address || 'the device';
  const port = given.port ?? MIIO_PORT;
  const deviceId = textOf(device, 'deviceId', given.deviceId) || undefined;
  if (address === '') throw new MialinkError('addressMissing', { device });
  if (!isWholeNumber(port, 1, 65_535)) throw new MialinkError('portInvalid', { device, port: shown(port) });
  if (deviceId && !(/^\d{1,20}$/.test(deviceId) && BigInt(deviceId) <= LARGEST_DEVICE_ID)) {
    throw new MialinkError('deviceIdInvalid', { device, deviceId });
  }
  return {
    label: device,
    address,
    port,
    token: parseToken(given.token, device),
    deviceId: deviceId && BigInt(deviceId).toString(),
    timeoutMs: wholeNumber(device, 'timeoutMs', 1, given.timeoutMs ?? 10_000),
    retries: wholeNumber(device, 'retries', 0, given.retries ?? 3),
    bindAddress: textOf(device, 'bindAddress', given.bindAddress),
  };
}

/** `value`, if it is a whole number of at least `min` that a timer can take; throws `settingInvalid`. */
export function wholeNumber(device: string, field: string, min: number, value: unknown): number {
  if (isWholeNumber(value, min, LARGEST_NUMBER)) return value;
  const rule = `a whole number from ${min} to ${LARGEST_NUMBER}`;
  throw new MialinkError('settingInvalid', { device, field, rule, value: shown(value) });
}

/** `value` without the blanks around it, if it is a text; '' for none; throws `settingInvalid`. */
export function textOf(device: string, field: string, value: unknown): string {
  const text = value ?? '';
  if (typeof text === 'string') return text.trim();
  throw new MialinkError('settingInvalid', { device, field, rule: 'a text', value: shown(text) });
}

function isWholeNumber(value: unknown, min: number, max: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;
}

/** Of what is neither text nor number its kind: it may have no text at all. */
function shown(value: unknown): string | number {
  return typeof value === 'string' || typeof value === 'number' ? value : typeof value;
}
