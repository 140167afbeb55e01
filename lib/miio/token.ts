/**
 * The device token: 16 bytes, written as 32 hexadecimal digits. Both keys of the protocol derive from it, so it is
 * a password and never appears in a text.
 */
import { MialinkError } from '../errors';

const DIGITS = /^[0-9a-f]{32}$/;
const SUBSCRIPTION_MARK = Buffer.from('MSUB');

/** Reads a token as a person types it; throws `tokenMissing`, `tokenMalformed` or `settingInvalid`, without repeating it. */
export function parseToken(given: unknown, device: string): Buffer {
  const text = given ?? '';
  if (typeof text !== 'string') {
    const rule = 'a text of 32 hexadecimal digits';
    throw new MialinkError('settingInvalid', { device, field: 'token', rule, value: typeof text });
  }
  const digits = text.trim().toLowerCase();
  if (digits === '') throw new MialinkError('tokenMissing', { device });
  if (!DIGITS.test(digits)) throw new MialinkError('tokenMalformed', { device, length: digits.length });
  return Buffer.from(digits, 'hex');
}

/**
 * The token that a hello reply discloses in its checksum field, or undefined where the device hides it: by all
 * `00` (older firmware), all `ff`, or the subscription block of MIoT devices (reference: XH's probe, `MSUB`).
 */
export function disclosedToken(checksumField: Buffer): string | undefined {
  const hidden = checksumField.every((byte) => byte === 0x00) || checksumField.every((byte) => byte === 0xff);
  if (hidden || checksumField.subarray(0, 4).equals(SUBSCRIPTION_MARK)) return undefined;
  return checksumField.toString('hex');
}
