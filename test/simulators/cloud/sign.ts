/**
 * The sign-in of a device (pure): who it says it is, and whether the signature proves it.
 *
 *   clientId  `${cid}|securemode=2,signmethod=hmacsha256,timestamp=789|`   2 over TLS, 3 over plain TCP
 *   username  `${deviceName}&${productKey}`
 *   password  hex(HMAC(deviceSecret, 'clientId' cid 'deviceName' dn 'productKey' pk ['timestamp' ts]))
 *
 * Source: reference/aliyun.md 1.5 (fields), 1.6 (keepalive, will), 1.7 (CONNACK codes).
 */
import { createHmac } from 'node:crypto';

/** A device's triple, as the vendor's console hands it out. */
export interface CloudProductDevice {
  productKey: string;
  deviceName: string;
  deviceSecret: string;
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
}

/**
 * `refused` is the CONNACK code: 2 malformed clientId, 3 keepalive, 4 wrong triple, signature or disabled,
 * 5 not authorised. `extensions` is the bitmap `ext` of the clientId: bit 0 = RRPC on `/ext/rrpc/...` topics.
 */
export type SignIn = { deviceName: string; extensions: number } | { refused: number };

/** Looks up a device by its `username`; `null` when unknown or disabled. */
export type FindDevice = (username: string) => CloudProductDevice | null;

const KEEPALIVE_MIN_S = 30;
const KEEPALIVE_MAX_S = 1200;
const HASHES = new Map([
  ['hmacmd5', 'md5'],
  ['hmacsha1', 'sha1'],
  ['hmacsha256', 'sha256'],
]);
const DEFAULT_SIGN_METHOD = 'hmacmd5';

/** The cloud's verdict on one CONNECT. */
export function judgeSignIn(request: SignInRequest, findDevice: FindDevice): SignIn {
  const client = parseClientId(request.clientId);
  if (!client) return { refused: 2 };
  const { cid, fields } = client;
  const hash = HASHES.get(fields.get('signmethod') ?? DEFAULT_SIGN_METHOD);
  const timestamp = fields.get('timestamp');
  if (!hash || fields.get('securemode') !== (request.secure ? '2' : '3')) return { refused: 2 };
  if (timestamp !== undefined && !/^\d+$/.test(timestamp)) return { refused: 2 };
  if (request.hasWill) return { refused: 5 };
  if (request.keepalive < KEEPALIVE_MIN_S || request.keepalive > KEEPALIVE_MAX_S) return { refused: 3 };

  const device = findDevice(request.username);
  if (!device) return { refused: 4 };
  const content =
    `clientId${cid}deviceName${device.deviceName}productKey${device.productKey}` +
    (timestamp === undefined ? '' : `timestamp${timestamp}`);
  const signature = createHmac(hash, device.deviceSecret).update(content).digest('hex');
  if (request.password.toLowerCase() !== signature) return { refused: 4 };
  return { deviceName: device.deviceName, extensions: Number(fields.get('ext') ?? 0) };
}

function parseClientId(clientId: string): { cid: string; fields: Map<string, string> } | null {
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
