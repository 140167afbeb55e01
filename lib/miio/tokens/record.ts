/** What a file tells of one device (pure). The values are whatever the file holds: checked, cleaned, bounded here. */
import { isIPv4 } from 'node:net';
import { parseToken } from '../token';
import { plainToken } from './ios-token';

/** One device with its token; what the file does not tell is ''. */
export interface TokenRecord {
  name: string;
  model: string;
  /** `AA:BB:CC:DD:EE:FF`. */
  mac: string;
  /** The IPv4 address at the time the app wrote the file. */
  address: string;
  /** Decimal. */
  deviceId: string;
  /** 32 hexadecimal digits, lower case. */
  token: string;
}

export type RawRecord = Partial<Record<keyof TokenRecord, unknown>>;

const MAX_TEXT_LENGTH = 100;
/** Control characters and changes of the direction of writing: they forge lines in a terminal or a list. */
const UNSEEN = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu;

/** Undefined where there is no usable token, or nothing that tells whose it is. */
export function toRecord(raw: RawRecord): TokenRecord | undefined {
  const token = usableToken(raw.token);
  if (token === undefined) return undefined;
  const record = {
    name: asLine(raw.name),
    model: asLine(raw.model),
    mac: asMac(raw.mac),
    address: asAddress(raw.address),
    deviceId: asDeviceId(raw.deviceId),
    token,
  };
  return record.mac || record.address || record.deviceId ? record : undefined;
}

/** The first of each device; two records are of one device when their device id or their mac is the same. */
export function distinct(records: TokenRecord[]): TokenRecord[] {
  const seen = new Set<string>();
  return records.filter(({ deviceId, mac, address, token }) => {
    const named = [deviceId, mac].filter((key) => key !== '');
    const keys = named.length > 0 ? named : [`${address} ${token}`];
    const isNew = keys.every((key) => !seen.has(key));
    for (const key of keys) seen.add(key);
    return isNew;
  });
}

function usableToken(value: unknown): string | undefined {
  try {
    return parseToken(plainToken(asLine(value)), '').toString('hex');
  } catch {
    return undefined;
  }
}

function asLine(value: unknown): string {
  if (typeof value !== 'string' && typeof value !== 'number') return '';
  return String(value).slice(0, MAX_TEXT_LENGTH).replace(UNSEEN, '').trim();
}

function asMac(value: unknown): string {
  const digits = asLine(value).replace(/[:-]/g, '').toUpperCase();
  return /^[\dA-F]{12}$/.test(digits) ? (digits.match(/../g) ?? []).join(':') : '';
}

function asAddress(value: unknown): string {
  const address = asLine(value);
  return isIPv4(address) && address !== '0.0.0.0' ? address : '';
}

/** Devices behind a gateway have ids such as `lumi.158d00…`, which no packet carries. */
function asDeviceId(value: unknown): string {
  const digits = asLine(value);
  return /^[1-9]\d{0,19}$/.test(digits) ? digits : '';
}
