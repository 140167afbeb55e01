/** A device's settings, as its user gives them and as the connection needs them (pure). */
import { X509Certificate } from 'node:crypto';
import { MialinkError, messageOf } from '../errors';
import { type Endpoint, endpointOf, TRANSPORTS, type Transport } from './endpoint';
import { SIGN_METHODS, type SignMethod, type Triple } from './identity';

/** Blank text stands for the default everywhere. */
export interface AliyunSettings extends Triple {
  /** Default `cn-shanghai`. */
  region?: string;
  instanceId?: string;
  /** `host[:port]`; goes before what region and instance give. */
  endpoint?: string;
  /** Default `tls`. */
  transport?: Transport;
  /** PEM text of one or more certificates to trust besides Node's roots and GlobalSign Root CA R1. */
  ca?: string;
  /** Seconds, 30 to 1200; default 300. */
  keepalive?: number;
  /** Default true. */
  cleanSession?: boolean;
  /** Default `hmacsha256`. */
  signMethod?: SignMethod;
  /** Of a request, waiting for the connection included; default 5000. */
  timeoutMs?: number;
}

export interface CheckedSettings {
  /** `deviceName (productKey)`, for texts. */
  label: string;
  triple: Triple;
  endpoint: Endpoint;
  /** PEM texts, one certificate each. */
  ca: string[];
  keepalive: number;
  cleanSession: boolean;
  signMethod: SignMethod;
  timeoutMs: number;
}

const MAX_TIMEOUT_MS = 600_000;

/** Throws the MialinkError (`CONFIG`) of the first setting that is missing or malformed. */
export function checkSettings(settings: AliyunSettings): CheckedSettings {
  const triple = {
    productKey: trimmed(settings.productKey),
    deviceName: trimmed(settings.deviceName),
    deviceSecret: trimmed(settings.deviceSecret),
  };
  const label = triple.deviceName
    ? `${triple.deviceName} (${triple.productKey || 'no ProductKey'})`
    : 'the device';
  const check = new Check(label);
  checkTriple(triple, check);
  const { keepalive = 300, timeoutMs = 5000, signMethod = 'hmacsha256', cleanSession = true } = settings;
  check.that(
    keepalive >= 30 && keepalive <= 1200,
    'keepalive',
    'a number of seconds from 30 to 1200',
    keepalive,
  );
  check.that(
    timeoutMs >= 1 && timeoutMs <= MAX_TIMEOUT_MS,
    'timeoutMs',
    `a number of milliseconds from 1 to ${MAX_TIMEOUT_MS}`,
    timeoutMs,
  );
  check.that(
    SIGN_METHODS.includes(signMethod),
    'signMethod',
    `one of ${SIGN_METHODS.join(', ')}`,
    signMethod,
  );
  const endpoint = checkEndpoint(triple.productKey, settings, check);
  return {
    label,
    triple,
    endpoint,
    ca: certificates(settings.ca, label),
    keepalive: Math.round(keepalive),
    cleanSession,
    signMethod,
    timeoutMs,
  };
}

class Check {
  constructor(private readonly device: string) {}

  that(holds: boolean, field: string, rule: string, value: unknown): void {
    if (!holds) throw this.invalid(field, rule, value);
  }

  invalid(field: string, rule: string, value: unknown): MialinkError {
    return new MialinkError('settingInvalid', { device: this.device, field, rule, value: String(value) });
  }

  present(field: string, value: string): void {
    if (value === '') throw new MialinkError('tripleMissing', { device: this.device, field });
  }
}

/** What is neither letter, digit nor one of these would make other topics of the device's. */
function checkTriple({ productKey, deviceName, deviceSecret }: Triple, check: Check): void {
  check.present('productKey', productKey);
  check.that(/^[\w-]{1,20}$/.test(productKey), 'productKey', 'up to 20 letters and digits', productKey);
  check.present('deviceName', deviceName);
  check.that(
    /^[\w@.:-]{4,32}$/.test(deviceName),
    'deviceName',
    '4 to 32 letters, digits or - _ @ . :',
    deviceName,
  );
  check.present('deviceSecret', deviceSecret);
  // Its value is a secret and must not stand in a text.
  check.that(deviceSecret.length <= 64, 'deviceSecret', 'at most 64 characters long', 'a longer one');
}

function checkEndpoint(productKey: string, settings: AliyunSettings, check: Check): Endpoint {
  const region = trimmed(settings.region) || undefined;
  const instanceId = trimmed(settings.instanceId);
  const endpoint = trimmed(settings.endpoint);
  const { transport = 'tls' } = settings;
  check.that(!region || /^[\w-]+$/.test(region), 'region', 'a region such as cn-shanghai', region);
  check.that(/^[\w-]*$/.test(instanceId), 'instanceId', 'an id such as iot-06z00abcde', instanceId);
  check.that(TRANSPORTS.includes(transport), 'transport', `one of ${TRANSPORTS.join(', ')}`, transport);
  const found = endpointOf({ productKey, region, instanceId, endpoint, transport });
  if (!found) throw check.invalid('endpoint', 'host or host:port', endpoint);
  return found;
}

function certificates(text: string | undefined, device: string): string[] {
  if (trimmed(text) === '') return [];
  const found = text?.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g);
  if (!found) throw new MialinkError('caUnreadable', { device, cause: 'it holds no PEM certificate' });
  try {
    for (const pem of found) new X509Certificate(pem);
  } catch (error) {
    throw new MialinkError('caUnreadable', { device, cause: messageOf(error) });
  }
  return [...found];
}

/** Settings come from hand-written flows too: anything but text counts as missing. */
function trimmed(value: unknown): string {
  return typeof value === 'string' ? value.trim() : '';
}
