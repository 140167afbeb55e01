/**
 * The notice of a remote configuration (pure): the `data` of the reply to `thing.config.get`, and the `params` of
 * `thing.config.push`.
 *
 *   {"configId":"…","configSize":1234,"sign":"<hex>","signMethod":"Sha256"|"Md5","url":"https://…","getType":"file"}
 *
 * A notice without size or digest is refused: its file could not be verified.
 * Source: Alibaba Cloud IoT Platform, "Remote configuration" (COTA).
 */
import { MialinkError } from '../../../errors';
import { isRecord } from '../../../untrusted';

export interface ConfigNotice {
  configId: string;
  /** In bytes, at least 1. */
  size: number;
  signMethod: 'md5' | 'sha256';
  /** Lower-case hexadecimal digits. */
  sign: string;
  /** Signed and valid for 30 minutes: a secret. Its scheme is checked by `fetchConfig`. */
  url: string;
}

const DIGEST_LENGTHS: Record<ConfigNotice['signMethod'], number> = { md5: 32, sha256: 64 };
const LONGEST_ID = 128;

/** Throws `configNoticeInvalid`; `label` names the device in it. */
export function parseConfigNotice(value: unknown, label: string): ConfigNotice {
  const refuse = (cause: string) => new MialinkError('configNoticeInvalid', { device: label, cause });
  if (!isRecord(value)) throw refuse('it is not an object');
  const configId = textOrNumber(value.configId);
  if (!configId || configId.length > LONGEST_ID) throw refuse('it has no configId that can be used');
  const url = textOrNumber(value.url);
  if (!url) throw refuse('it has no address');
  const size = Number(textOrNumber(value.configSize) ?? Number.NaN);
  if (!Number.isSafeInteger(size) || size < 1) throw refuse('its configSize is not a positive whole number');
  const signMethod = (textOrNumber(value.signMethod) ?? 'sha256').toLowerCase();
  if (signMethod !== 'md5' && signMethod !== 'sha256')
    throw refuse('its signMethod is neither Sha256 nor Md5');
  const sign = (textOrNumber(value.sign) ?? '').toLowerCase();
  const length = DIGEST_LENGTHS[signMethod];
  if (sign.length !== length || !/^[\da-f]+$/.test(sign)) {
    throw refuse(`its sign is not ${length} hexadecimal digits`);
  }
  return { configId, size, signMethod, sign, url };
}

/** Text and numbers as text; nothing, empty text and every other type as undefined. */
function textOrNumber(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}
