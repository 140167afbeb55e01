/**
 * The device's identity and its signature (pure).
 *
 *   clientId   ${clientId}|securemode=2,signmethod=hmacsha256[,timestamp=789][,key=value …]|
 *   username   ${deviceName}&${productKey}
 *   password   hex HMAC(deviceSecret, "clientId…deviceName…productKey…[timestamp…]")
 *
 * The timestamp is signed exactly when it stands in the clientId. It is no freshness check: a device without a
 * clock leaves it out.
 *
 * Source: Alibaba Cloud IoT Platform, "MQTT connection"; checked with the vectors of the official SDKs.
 */
import { createHmac } from 'node:crypto';

export type SignMethod = 'hmacsha256' | 'hmacsha1' | 'hmacmd5';

export interface Identity {
  productKey: string;
  deviceName: string;
}

export interface Triple extends Identity {
  deviceSecret: string;
}

export interface SignInOptions {
  /** The text before the first bar, at most 64 characters; default `${productKey}.${deviceName}`. */
  clientId?: string;
  /** Default `hmacsha256`. */
  signMethod?: SignMethod;
  /** Milliseconds since 1970 as text; default: none. */
  timestamp?: string;
  /** 2: TLS, 3: plain TCP or WebSocket. */
  secureMode: 2 | 3;
  /** More keys of the clientId; not signed. */
  extras?: Record<string, string | number>;
}

/** What a device says in CONNECT. */
export interface SignIn {
  clientId: string;
  username: string;
  /** Hexadecimal, lower case. */
  password: string;
}

const ALGORITHMS: Record<SignMethod, string> = { hmacsha256: 'sha256', hmacsha1: 'sha1', hmacmd5: 'md5' };

export const SIGN_METHODS: readonly string[] = Object.keys(ALGORITHMS);

export function signIn(triple: Triple, options: SignInOptions): SignIn {
  const { productKey, deviceName, deviceSecret } = triple;
  const { secureMode, timestamp, signMethod = 'hmacsha256' } = options;
  const clientId = options.clientId ?? `${productKey}.${deviceName}`;
  const time = timestamp === undefined ? undefined : { timestamp };
  const keys = { securemode: secureMode, signmethod: signMethod, ...time, ...options.extras };
  const keyText = Object.entries(keys).map(([key, value]) => `${key}=${value}`);
  return {
    clientId: `${clientId}|${keyText.join(',')}|`,
    username: `${deviceName}&${productKey}`,
    password: hmacHex(signMethod, deviceSecret, { clientId, deviceName, productKey, ...time }),
  };
}

/** The platform's signature of `fields`: names sorted, each followed by its value, without separators. */
export function hmacHex(method: SignMethod, secret: string, fields: Record<string, string>): string {
  const names = Object.keys(fields).sort();
  const content = names.map((name) => `${name}${fields[name]}`).join('');
  return createHmac(ALGORITHMS[method], secret).update(content).digest('hex');
}
