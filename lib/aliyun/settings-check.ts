/** The rules for single settings of a device (pure). Every error names the field and the rule, and no secret. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { MialinkError, messageOf } from '../errors';
import { placeOf } from './endpoint';
import type { Identity } from './identity';

/** PEM texts. */
export interface ClientCertificate {
  /** The device's own, with those that signed it where they were given. */
  cert: string;
  key: string;
}

const MAX_SECRET_LENGTH = 64;
const MAX_EXTRA_LENGTH = 64;

/** Keys of the clientId that are ours; `v` bars the subscriptions of sub-devices. */
const RESERVED_KEYS = ['securemode', 'signmethod', 'timestamp', 'ext', '_ss', 'authtype', 'random', 'v'];

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

export class Check {
  constructor(readonly device: string) {}

  that(holds: boolean, field: string, rule: string, value: unknown): void {
    if (!holds) throw this.invalid(field, rule, value);
  }

  oneOf(field: string, value: string, known: readonly string[]): void {
    this.that(known.includes(value), field, `one of ${known.join(', ')}`, value);
  }

  between(field: string, value: number, [least, most]: [number, number], unit: string): void {
    const rule = `a number of ${unit} from ${least} to ${most}`;
    this.that(value >= least && value <= most, field, rule, value);
  }

  present(field: string, value: string): void {
    if (value === '') throw new MialinkError('tripleMissing', { device: this.device, field });
  }

  /** Its value must not stand in a text. */
  secret(field: string, value: string): void {
    const rule = `at most ${MAX_SECRET_LENGTH} characters long`;
    this.that(value.length <= MAX_SECRET_LENGTH, field, rule, 'a longer one');
  }

  invalid(field: string, rule: string, value: unknown): MialinkError {
    return new MialinkError('settingInvalid', { device: this.device, field, rule, value: String(value) });
  }
}

/** What is neither letter, digit nor one of these would make other topics of the device's. */
export function checkIdentity({ productKey, deviceName }: Identity, check: Check): void {
  check.present('productKey', productKey);
  check.that(/^[\w-]{1,20}$/.test(productKey), 'productKey', 'up to 20 letters and digits', productKey);
  check.present('deviceName', deviceName);
  check.that(
    /^[\w@.:-]{4,32}$/.test(deviceName),
    'deviceName',
    '4 to 32 letters, digits or - _ @ . :',
    deviceName,
  );
}

/** Blank counts. */
export function isPlace(text: string): boolean {
  return text === '' || placeOf(text) !== undefined;
}

/** A comma, bar or equals sign would end a key's value, and forge other keys. */
export function checkClientExtras(extras: Record<string, string>, check: Check): Record<string, string> {
  for (const [key, value] of Object.entries(extras)) {
    const isOurs = RESERVED_KEYS.includes(key.toLowerCase());
    check.that(/^\w{1,32}$/.test(key), 'clientExtras', 'keys of letters, digits and _', key.slice(0, 40));
    check.that(!isOurs, 'clientExtras', 'keys that the connection does not use itself', key);
    const rule = `texts of 1 to ${MAX_EXTRA_LENGTH} characters without , | =`;
    const isText = typeof value === 'string' && value.length <= MAX_EXTRA_LENGTH;
    check.that(isText && /^[^,|=\p{Cc}]+$/u.test(value), 'clientExtras', rule, `that of ${key}`);
  }
  return { ...extras };
}

/** The PEM texts in `text`, one certificate each; none for a blank. Throws `caUnreadable`. */
export function certificatesIn(text: unknown, device: string): string[] {
  const given = trimmed(text);
  if (given === '') return [];
  const found = given.match(PEM_CERTIFICATE);
  if (!found) throw new MialinkError('caUnreadable', { device, cause: 'it holds no PEM certificate' });
  try {
    for (const pem of found) new X509Certificate(pem);
  } catch (error) {
    throw new MialinkError('caUnreadable', { device, cause: messageOf(error) });
  }
  return [...found];
}

/** What a sign-in by X.509 needs: both of it, and the one belonging to the other. */
export function clientCertificateIn(
  settings: { clientCert?: string; clientKey?: string },
  check: Check,
): ClientCertificate {
  const cert = trimmed(settings.clientCert);
  const key = trimmed(settings.clientKey);
  check.present('clientCert', cert);
  check.present('clientKey', key);
  const certificate = readOr(() => new X509Certificate(cert));
  if (!certificate) throw check.invalid('clientCert', 'a certificate in PEM', 'another text');
  const privateKey = readOr(() => createPrivateKey(key));
  if (!privateKey) {
    throw check.invalid('clientKey', 'a private key in PEM without a passphrase', 'another text');
  }
  const belongs = certificate.checkPrivateKey(privateKey);
  check.that(belongs, 'clientKey', 'the private key of clientCert', 'that of another certificate');
  return { cert, key };
}

/** Settings come from hand-written flows too: anything but text counts as missing. */
export function trimmed(value: unknown): string {
  return typeof value === 'string' ? value.trim() : '';
}

function readOr<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
