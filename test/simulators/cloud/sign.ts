/**
 * The sign-in of a device (pure but for what the registry keeps): who it says it is, and whether that is proved.
 *
 *   by secret        `${cid}|securemode=2,signmethod=hmacsha256,timestamp=789|`   2 over TLS, 3 over plain TCP
 *                    `${dn}&${pk}`, hex(HMAC(deviceSecret, 'clientId' cid 'deviceName' dn 'productKey' pk ['timestamp' ts]))
 *   by certificate   `${cid}|securemode=2,...|`, `${dn}&${pk}` or, not known yet, `&` or nothing; any password
 *   by pre-auth      `${cid}|securemode=-1|`, 0 over plain TCP; iotId, iotToken
 *   by token         `${cid}|securemode=-2,authType=connwl|`, `${dn}&${pk}`, deviceToken
 *   registration     `${cid}|securemode=2,authType=register,random=...,signmethod=...|`, -2 with `instanceId=...`
 *                    `${cid}|securemode=-2,authType=regnwl,random=...,signmethod=...|`
 *                    `${dn}&${pk}`, hex(HMAC(productSecret, 'deviceName' dn 'productKey' pk 'random' random))
 *
 * Source: reference/aliyun.md 1.5 (fields), 1.6 (keepalive, will), 1.7 (CONNACK codes), 1.8, 2.2; certificates: the
 * vendor's page on X.509.
 */
import { createHmac } from 'node:crypto';

/** A device's triple, as the vendor's console hands it out. */
export interface CloudProductDevice {
  productKey: string;
  deviceName: string;
  deviceSecret: string;
}

export interface DeviceIdentity {
  productKey: string;
  deviceName: string;
}

/** What a CONNECT packet says, and over which transport it came. */
export interface SignInRequest {
  clientId: string;
  username: string;
  password: string;
  /** Seconds. */
  keepalive: number;
  hasWill: boolean;
  secure: boolean;
  /** SHA-256 fingerprint of the client's certificate, on the port that asks for one. */
  certificate?: string;
}

/** What the cloud says at once to who has signed in, without SUBSCRIBE. */
export interface Greeting {
  topic: string;
  payload: string;
}

/** A device that may come in. */
export interface Admission extends DeviceIdentity {
  /** The bitmap `ext` of the clientId: bit 0 = RRPC on `/ext/rrpc/...` topics. */
  extensions: number;
  /** `_ss=1`: the system topics need no SUBSCRIBE. */
  autoSubscribes: boolean;
  greeting?: Greeting;
}

/**
 * `refused` is the CONNACK code: 2 malformed clientId, 3 keepalive, 4 wrong triple, signature or disabled,
 * 5 not authorised. `registered`: no device comes in, the client gets its secret and nothing else.
 */
export type SignIn = Admission | { registered: Greeting } | { refused: number };

/** A registration, by MQTT or HTTPS. */
export interface RegistrationRequest extends DeviceIdentity {
  random: string;
  signMethod: string;
  sign: string;
}

/** What the cloud knows of its devices. */
export interface Registry {
  /** By `${deviceName}&${productKey}`; null when unknown, disabled or deleted. */
  find(username: string): CloudProductDevice | null;
  /** By the fingerprint of its certificate. */
  findCertified(fingerprint: string): CloudProductDevice | null;
  /** What pre-auth gave out under this iotId. */
  findPreAuth(iotId: string): (DeviceIdentity & { iotToken: string }) | null;
  /** What a registration without pre-registration gave out. */
  findToken(device: DeviceIdentity): { clientId: string; deviceToken: string } | null;
  register(request: RegistrationRequest, kind: 'register' | 'regnwl'): { code: number; data: object };
}

const KEEPALIVE_MIN_S = 30;
const KEEPALIVE_MAX_S = 1200;
const HASHES = new Map([
  ['hmacmd5', 'md5'],
  ['hmacsha1', 'sha1'],
  ['hmacsha256', 'sha256'],
]);
const DEFAULT_SIGN_METHOD = 'hmacmd5';
/** Of a registration that is refused for another reason than its names or its signature. */
const NOT_AUTHORISED = [6288, 6289];

interface ClientId {
  cid: string;
  fields: Map<string, string>;
}

/** The cloud's verdict on one CONNECT. */
export function judgeSignIn(request: SignInRequest, registry: Registry): SignIn {
  const client = parseClientId(request.clientId);
  if (!client) return { refused: 2 };
  switch (client.fields.get('authType')) {
    case undefined:
      return judgeDevice(request, client, registry);
    case 'connwl':
      return judgeToken(request, client, registry);
    case 'register':
      return judgeRegistration(request, client, registry, 'register');
    case 'regnwl':
      return judgeRegistration(request, client, registry, 'regnwl');
  }
  return { refused: 2 };
}

/** hex(HMAC); null for a method that is not known. */
export function hmac(signMethod: string, secret: string, content: string): string | null {
  const hash = HASHES.get(signMethod);
  return hash === undefined ? null : createHmac(hash, secret).update(content).digest('hex');
}

function judgeDevice(request: SignInRequest, client: ClientId, registry: Registry): SignIn {
  if (request.certificate !== undefined) return judgeCertificate(request, client, registry);
  const preAuth = registry.findPreAuth(request.username);
  const known = preAuth ?? registry.find(request.username);
  const fault = preAuth
    ? faultOf(request, client, request.secure ? '-1' : '0')
    : (faultOf(request, client, request.secure ? '2' : '3') ?? signFault(client));
  if (fault !== null) return { refused: fault };
  if (!known) return { refused: 4 };
  const expected = 'iotToken' in known ? known.iotToken : passwordOf(client, known);
  // Hex may come in either case; a token is taken as it is.
  const given = 'iotToken' in known ? request.password : request.password.toLowerCase();
  return given === expected ? admit(known, client) : { refused: 4 };
}

function judgeCertificate(request: SignInRequest, client: ClientId, registry: Registry): SignIn {
  const fault = faultOf(request, client, '2');
  if (fault !== null) return { refused: fault };
  const device = registry.findCertified(request.certificate ?? '');
  if (!device) return { refused: 4 };
  const { productKey, deviceName } = device;
  if (!['', '&', `${deviceName}&${productKey}`].includes(request.username)) return { refused: 4 };
  const payload = JSON.stringify({ productKey, deviceName });
  return { ...admit(device, client), greeting: { topic: '/ext/auth/identity/response', payload } };
}

function judgeToken(request: SignInRequest, client: ClientId, registry: Registry): SignIn {
  const fault = faultOf(request, client, '-2');
  if (fault !== null || !request.secure) return { refused: fault ?? 2 };
  const device = registry.find(request.username);
  const token = device && registry.findToken(device);
  const isRight = token?.clientId === client.cid && token.deviceToken === request.password;
  return device && isRight ? admit(device, client) : { refused: 4 };
}

/** The keepalive is not looked at. */
function judgeRegistration(
  request: SignInRequest,
  { fields }: ClientId,
  registry: Registry,
  kind: 'register' | 'regnwl',
): SignIn {
  const [, deviceName, productKey] = /^([^&]+)&([^&]+)$/.exec(request.username) ?? [];
  const random = fields.get('random');
  const mode = kind === 'regnwl' || fields.has('instanceId') ? '-2' : '2';
  if (!request.secure || fields.get('securemode') !== mode || !random) return { refused: 2 };
  if (deviceName === undefined || productKey === undefined) return { refused: 4 };
  const signMethod = fields.get('signmethod') ?? '';
  const asked = { productKey, deviceName, random, signMethod, sign: request.password };
  const { code, data } = registry.register(asked, kind);
  if (code !== 200) return { refused: NOT_AUTHORISED.includes(code) ? 5 : 4 };
  return { registered: { topic: `/ext/${kind}`, payload: JSON.stringify(data) } };
}

/** The CONNACK code for what every device must keep to, or null. */
function faultOf(request: SignInRequest, { fields }: ClientId, mode: string): number | null {
  const timestamp = fields.get('timestamp');
  if (fields.get('securemode') !== mode) return 2;
  if (timestamp !== undefined && !/^\d+$/.test(timestamp)) return 2;
  if (request.hasWill) return 5;
  return request.keepalive < KEEPALIVE_MIN_S || request.keepalive > KEEPALIVE_MAX_S ? 3 : null;
}

function signFault({ fields }: ClientId): number | null {
  return HASHES.has(fields.get('signmethod') ?? DEFAULT_SIGN_METHOD) ? null : 2;
}

function passwordOf({ cid, fields }: ClientId, device: CloudProductDevice): string | null {
  const timestamp = fields.get('timestamp');
  const content =
    `clientId${cid}deviceName${device.deviceName}productKey${device.productKey}` +
    (timestamp === undefined ? '' : `timestamp${timestamp}`);
  return hmac(fields.get('signmethod') ?? DEFAULT_SIGN_METHOD, device.deviceSecret, content);
}

function admit({ productKey, deviceName }: DeviceIdentity, { fields }: ClientId): Admission {
  const extensions = Number(fields.get('ext') ?? 0);
  return { productKey, deviceName, extensions, autoSubscribes: fields.get('_ss') === '1' };
}

function parseClientId(clientId: string): ClientId | null {
  const [, cid, list] = /^([^|]{1,64})\|([^|]+)\|$/.exec(clientId) ?? [];
  if (cid === undefined || list === undefined) return null;
  const fields = new Map<string, string>();
  for (const pair of list.split(',')) {
    const [, key, value] = /^(\w+)=([^=]*)$/.exec(pair) ?? [];
    if (key === undefined || value === undefined || fields.has(key)) return null;
    fields.set(key, value);
  }
  return { cid, fields };
}
