/** A device's settings, as its user gives them and as the session needs them (pure). */
import { MialinkError } from '../errors';
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

/** Throws the MialinkError (`CONFIG`) of the first setting that is missing or malformed. */
export function checkSettings(settings: DeviceSettings): CheckedSettings {
  const address = settings.address.trim();
  const device = settings.name?.trim() ? `${settings.name.trim()} (${address})` : address || 'the device';
  const port = settings.port ?? MIIO_PORT;
  const deviceId = settings.deviceId?.trim() || undefined;
  if (address === '') throw new MialinkError('addressMissing', { device });
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new MialinkError('portInvalid', { device, port });
  if (deviceId && !(/^\d{1,20}$/.test(deviceId) && BigInt(deviceId) <= LARGEST_DEVICE_ID)) {
    throw new MialinkError('deviceIdInvalid', { device, deviceId });
  }
  return {
    label: device,
    address,
    port,
    token: parseToken(settings.token, device),
    deviceId: deviceId && BigInt(deviceId).toString(),
    timeoutMs: wholeNumber(device, 'timeoutMs', 1, settings.timeoutMs ?? 10_000),
    retries: wholeNumber(device, 'retries', 0, settings.retries ?? 3),
    bindAddress: settings.bindAddress?.trim() ?? '',
  };
}

/** `value`, if it is a whole number of at least `min` that a timer can take; throws `settingInvalid`. */
export function wholeNumber(device: string, field: string, min: number, value: number): number {
  if (Number.isInteger(value) && value >= min && value <= LARGEST_NUMBER) return value;
  const rule = `a whole number from ${min} to ${LARGEST_NUMBER}`;
  throw new MialinkError('settingInvalid', { device, field, rule, value });
}
