/** A device's settings, as its user gives them and as the connection needs them (pure). */
import { DEFAULT_REGION, type Endpoint, endpointOf, isSecure, TRANSPORTS, type Transport } from './endpoint';
import { type Identity, SIGN_METHODS, type SignMethod, type Triple } from './identity';
import {
  Check,
  type ClientCertificate,
  certificatesIn,
  checkClientExtras,
  checkIdentity,
  clientCertificateIn,
  isPlace,
  trimmed,
} from './settings-check';

export type SignInMethod = 'secret' | 'x509' | 'preauth';
export type RegistrationSetting = 'none' | 'https' | 'mqtt' | 'mqtt-unregistered';
export type OutboxSetting = 'off' | 'memory' | 'file';

export const SIGN_IN_METHODS: readonly string[] = ['secret', 'x509', 'preauth'] satisfies SignInMethod[];
const REGISTRATIONS: readonly string[] = [
  'none',
  'https',
  'mqtt',
  'mqtt-unregistered',
] satisfies RegistrationSetting[];
const OUTBOXES: readonly string[] = ['off', 'memory', 'file'] satisfies OutboxSetting[];

/** Blank text stands for the default everywhere. */
export interface AliyunSettings extends Identity {
  /** Not needed to sign in by X.509, and where a registration gets it. */
  deviceSecret?: string;
  /** Default `cn-shanghai`. */
  region?: string;
  instanceId?: string;
  /** `host[:port]`; goes before what region and instance give. */
  endpoint?: string;
  /** Asks the platform for the endpoint instead, before each connect; default false. */
  bootstrap?: boolean;
  /** `host[:port]` of the services that are asked by HTTPS: bootstrap, pre-authentication, registration. */
  authEndpoint?: string;
  /** Default `tls`. */
  transport?: Transport;
  /** PEM text of one or more certificates to trust besides Node's roots and GlobalSign Root CA R1. */
  ca?: string;
  /** Seconds, 30 to 1200; default 300. */
  keepalive?: number;
  /** Default true. */
  cleanSession?: boolean;
  /**
   * 4: MQTT 3.1.1 (default), 5: MQTT 5, at enterprise and new public instances only. The way back is barred: a device
   * that has connected once with MQTT 5 is refused with 3.1.1 from then on.
   */
  mqttVersion?: 4 | 5;
  /** Default `secret`; `preauth` only for a private endpoint that needs it. */
  signIn?: SignInMethod;
  /** Default `hmacsha256`. */
  signMethod?: SignMethod;
  /** PEM texts for `x509`; the key without a passphrase. */
  clientCert?: string;
  clientKey?: string;
  /** Default `none`. */
  registration?: RegistrationSetting;
  /** For a registration. */
  productSecret?: string;
  /** The cloud subscribes the system topics by itself (`_ss=1`); default false. */
  autoSubscribe?: boolean;
  /** More keys of the clientId: letters, digits and _, values without `,`, `|` and `=`. */
  clientExtras?: Record<string, string>;
  /** Of a request, waiting for the connection included; default 5000. */
  timeoutMs?: number;
  /** Messages a second with QoS 0, with QoS 1 a third of them; 0 to 10000, 0: no limit; default 30. */
  uplinkRate?: number;
  /** Default `off`. */
  outbox?: OutboxSetting;
  /** 1 to 1024; default 10. */
  outboxSizeMb?: number;
  /** 0 to 87600, 0: no limit; default 168. */
  outboxAgeHours?: number;
}

export interface CheckedSettings {
  /** `deviceName (productKey)`, for texts. */
  label: string;
  /** Its secret is blank where none is needed. */
  triple: Triple;
  endpoint: Endpoint;
  region: string;
  /** Blank: the old public instance. */
  instanceId: string;
  bootstrap: boolean;
  /** Blank: the platform's own. */
  authEndpoint: string;
  /** PEM texts, one certificate each. */
  ca: string[];
  keepalive: number;
  cleanSession: boolean;
  mqttVersion: 4 | 5;
  signIn: SignInMethod;
  signMethod: SignMethod;
  /** For `x509`, otherwise undefined. */
  certificate: ClientCertificate | undefined;
  registration: RegistrationSetting;
  /** Blank without a registration. */
  productSecret: string;
  autoSubscribe: boolean;
  clientExtras: Record<string, string>;
  timeoutMs: number;
  uplinkRate: number;
  outbox: OutboxSetting;
  outboxSizeMb: number;
  outboxAgeHours: number;
}

/** Whether the secret it signs in with, if there is one, is that of a registration. */
export function signsInRegistered({ registration, triple }: CheckedSettings): boolean {
  return registration !== 'none' && triple.deviceSecret === '';
}

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
  checkIdentity(triple, check);
  return {
    label,
    triple,
    ...checkSignIn(triple, settings, check),
    ...checkPlace(triple.productKey, settings, check),
    ca: certificatesIn(settings.ca, label),
    ...checkConversation(settings, check),
    clientExtras: checkClientExtras(settings.clientExtras ?? {}, check),
    ...checkOutbox(settings, check),
  };
}

function checkSignIn(triple: Triple, settings: AliyunSettings, check: Check) {
  const { signIn = 'secret', signMethod = 'hmacsha256', registration = 'none' } = settings;
  const productSecret = trimmed(settings.productSecret);
  check.oneOf('signIn', signIn, SIGN_IN_METHODS);
  check.oneOf('signMethod', signMethod, SIGN_METHODS);
  check.oneOf('registration', registration, REGISTRATIONS);
  if (registration !== 'none') {
    check.that(signIn !== 'x509', 'registration', 'none with X.509, which needs no secret', registration);
    check.present('productSecret', productSecret);
    check.secret('productSecret', productSecret);
  } else if (signIn !== 'x509') {
    check.present('deviceSecret', triple.deviceSecret);
  }
  check.secret('deviceSecret', triple.deviceSecret);
  const certificate = signIn === 'x509' ? clientCertificateIn(settings, check) : undefined;
  return { signIn, signMethod, certificate, registration, productSecret };
}

function checkPlace(productKey: string, settings: AliyunSettings, check: Check) {
  const { transport = 'tls', bootstrap = false, signIn, registration } = settings;
  const region = trimmed(settings.region) || DEFAULT_REGION;
  const instanceId = trimmed(settings.instanceId);
  const written = trimmed(settings.endpoint);
  const authEndpoint = trimmed(settings.authEndpoint);
  const x509 = signIn === 'x509';
  check.that(/^[\w-]+$/.test(region), 'region', 'a region such as cn-shanghai', region);
  check.that(/^[\w-]*$/.test(instanceId), 'instanceId', 'an id such as iot-06z00abcde', instanceId);
  check.oneOf('transport', transport, TRANSPORTS);
  check.that(isSecure(transport) || !x509, 'transport', 'tls or wss with X.509', transport);
  const byMqtt = registration === 'mqtt' || registration === 'mqtt-unregistered';
  check.that(isSecure(transport) || !byMqtt, 'transport', 'tls or wss for a registration by MQTT', transport);
  check.that(!bootstrap || !x509, 'bootstrap', 'off with X.509, which has one host for all', 'on');
  const rule = 'off with a registration by MQTT, which needs region, instance id or endpoint';
  check.that(!bootstrap || !byMqtt, 'bootstrap', rule, 'on');
  check.that(isPlace(authEndpoint), 'authEndpoint', 'host or host:port', authEndpoint);
  const endpoint = endpointOf({ productKey, region, instanceId, endpoint: written, transport, x509 });
  if (!endpoint) throw check.invalid('endpoint', 'host or host:port', written);
  return { endpoint, region, instanceId, bootstrap, authEndpoint };
}

function checkConversation(settings: AliyunSettings, check: Check) {
  const { keepalive = 300, cleanSession = true, mqttVersion = 4, autoSubscribe = false } = settings;
  const { timeoutMs = 5000, uplinkRate = 30 } = settings;
  check.between('keepalive', keepalive, [30, 1200], 'seconds');
  check.that(
    mqttVersion === 4 || mqttVersion === 5,
    'mqttVersion',
    '4 (MQTT 3.1.1) or 5 (MQTT 5)',
    mqttVersion,
  );
  check.between('timeoutMs', timeoutMs, [1, 600_000], 'milliseconds');
  check.between('uplinkRate', uplinkRate, [0, 10_000], 'messages a second');
  return {
    keepalive: Math.round(keepalive),
    cleanSession,
    mqttVersion,
    autoSubscribe,
    timeoutMs,
    uplinkRate,
  };
}

function checkOutbox(settings: AliyunSettings, check: Check) {
  const { outbox = 'off', outboxSizeMb = 10, outboxAgeHours = 168 } = settings;
  check.oneOf('outbox', outbox, OUTBOXES);
  check.between('outboxSizeMb', outboxSizeMb, [1, 1024], 'megabytes');
  check.between('outboxAgeHours', outboxAgeHours, [0, 87_600], 'hours');
  return { outbox, outboxSizeMb, outboxAgeHours };
}
