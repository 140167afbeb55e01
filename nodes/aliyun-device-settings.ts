/**
 * The settings of an aliyun-device as its dialog, an older flow or an environment variable gives them, and as the library
 * takes them: blanks stand for the defaults, and where the text of a file is wanted its path will do.
 */
import { readFileSync, statSync } from 'node:fs';
import { type AliyunSettings, type CheckedSettings, checkSettings } from '../lib/aliyun';
import { FROM_CLOUD } from '../lib/aliyun/model';
import { MialinkError, messageOf } from '../lib/errors';
import { asFlag, asNumber, asText, isRecord } from './runtime';

const FIELDS = [
  'productKey',
  'deviceName',
  'region',
  'instanceId',
  'endpoint',
  'bootstrap',
  'authEndpoint',
  'transport',
  'ca',
  'mqttVersion',
  'keepalive',
  'cleanSession',
  'timeoutMs',
  'uplinkRate',
  'autoSubscribe',
  'clientExtras',
  'signIn',
  'signMethod',
  'clientCert',
  'registration',
  'thingModel',
  'thingModelType',
  'outbox',
  'outboxSizeMb',
  'outboxAgeHours',
  'gateway',
] as const;
/** In Node-RED's credentials. */
export const SECRETS = ['deviceSecret', 'productSecret', 'clientKey'] as const;

export type Fields = Partial<Record<(typeof FIELDS)[number], unknown>>;
export type Secrets = Partial<Record<(typeof SECRETS)[number], unknown>>;

export interface Setup {
  settings: CheckedSettings;
  /** As the library takes them. */
  given: AliyunSettings;
  /** TSL, `FROM_CLOUD`, or blank: values are not checked. */
  thingModel: string;
}

const MAX_FILE_BYTES = 4 * 2 ** 20;

/** Throws the MialinkError (`CONFIG`) of the first setting that is wrong. */
export function readSetup(fields: Fields, secrets: Secrets): Setup {
  const device = asText(fields.deviceName) || 'the device';
  const settings = { ...settingsIn(fields, secrets), ...certificateIn(fields, secrets, device) };
  const { label } = checkSettings(settings);
  refuseGateway(fields.gateway, label);
  const given = { ...settings, ca: readCa(asText(fields.ca), label) };
  return { settings: checkSettings(given), given, thingModel: readThingModel(fields, label) };
}

function settingsIn(fields: Fields, secrets: Secrets): AliyunSettings {
  return {
    productKey: asText(fields.productKey),
    deviceName: asText(fields.deviceName),
    deviceSecret: asText(secrets.deviceSecret),
    productSecret: asText(secrets.productSecret),
    region: asText(fields.region) || undefined,
    instanceId: asText(fields.instanceId) || undefined,
    endpoint: asText(fields.endpoint) || undefined,
    bootstrap: asFlag(fields.bootstrap, false),
    authEndpoint: asText(fields.authEndpoint) || undefined,
    transport: (asText(fields.transport) || undefined) as AliyunSettings['transport'],
    mqttVersion: asNumber(fields.mqttVersion) as AliyunSettings['mqttVersion'],
    keepalive: asNumber(fields.keepalive),
    cleanSession: asFlag(fields.cleanSession, true),
    timeoutMs: asNumber(fields.timeoutMs),
    uplinkRate: asNumber(fields.uplinkRate),
    autoSubscribe: asFlag(fields.autoSubscribe, false),
    clientExtras: extrasIn(fields.clientExtras),
    signIn: (asText(fields.signIn) || undefined) as AliyunSettings['signIn'],
    signMethod: (asText(fields.signMethod) || undefined) as AliyunSettings['signMethod'],
    registration: (asText(fields.registration) || undefined) as AliyunSettings['registration'],
    outbox: (asText(fields.outbox) || undefined) as AliyunSettings['outbox'],
    outboxSizeMb: asNumber(fields.outboxSizeMb),
    outboxAgeHours: asNumber(fields.outboxAgeHours),
  };
}

/** A hand-written flow would rely on it. */
function refuseGateway(gateway: unknown, device: string): void {
  const value = asText(gateway);
  if (value === '') return;
  const rule = 'blank, as this version does not support more';
  throw new MialinkError('settingInvalid', { device, field: 'gateway', rule, value: value.slice(0, 40) });
}

/** `key=value`, one each line or between commas. */
function extrasIn(extras: unknown): Record<string, string> {
  const pairs = asText(extras).split(/[,\n]/);
  const written = pairs.map((pair) => pair.trim()).filter((pair) => pair !== '');
  return Object.fromEntries(
    written.map((pair) => {
      const [key = '', ...value] = pair.split('=');
      return [key.trim(), value.join('=').trim()];
    }),
  );
}

function certificateIn(
  fields: Fields,
  secrets: Secrets,
  device: string,
): Pick<AliyunSettings, 'clientCert' | 'clientKey'> {
  if (asText(fields.signIn) !== 'x509') return {};
  return {
    clientCert: pemOrFile('clientCert', asText(fields.clientCert), device),
    clientKey: pemOrFile('clientKey', asText(secrets.clientKey), device),
  };
}

function pemOrFile(field: string, given: string, device: string): string {
  if (given === '' || given.includes('-----BEGIN')) return inLines(given);
  return readTextFile(field, given, device);
}

/** A password field has one line, in which OpenSSL finds nothing. */
function inLines(pem: string): string {
  return pem.replace(
    /(-----BEGIN [^-]+-----)([^-]+)(-----END [^-]+-----)/g,
    (_, begin, body: string, end) => {
      const lines = body.replace(/\s+/g, '').match(/.{1,64}/g) ?? [];
      return [begin, ...lines, end, ''].join('\n');
    },
  );
}

/** The field CA holds the PEM text itself or the path of its file. */
function readCa(ca: string, device: string): string | undefined {
  if (ca === '' || ca.includes('-----BEGIN CERTIFICATE-----')) return ca || undefined;
  try {
    return readFileSync(ca, 'utf8');
  } catch (error) {
    throw new MialinkError('caUnreadable', { device, cause: messageOf(error) }, { cause: error });
  }
}

/** Throws `settingUnreadable`; `device` is what texts call the device. */
export function readThingModel(fields: Fields, device: string): string {
  const given = isRecord(fields.thingModel) ? JSON.stringify(fields.thingModel) : asText(fields.thingModel);
  const type = asText(fields.thingModelType) || (/^[{[]/.test(given) ? 'json' : 'file');
  if (type === 'cloud') return FROM_CLOUD;
  if (type !== 'json' && type !== 'file') {
    const rule = 'one of json, file, cloud';
    throw new MialinkError('settingInvalid', { device, field: 'thingModelType', rule, value: type });
  }
  return type === 'file' && given !== '' ? readTextFile('thingModel', given, device) : given;
}

/** What stands in the field may be the text itself, misspelt, and a secret: it is not told. */
function readTextFile(field: string, path: string, device: string): string {
  try {
    const { size } = statSync(path);
    if (size > MAX_FILE_BYTES) throw new Error(`it has more than ${MAX_FILE_BYTES} bytes`);
    return readFileSync(path, 'utf8');
  } catch (error) {
    const cause = error instanceof Error && 'code' in error ? String(error.code) : messageOf(error);
    throw new MialinkError('settingUnreadable', { device, field, cause });
  }
}
