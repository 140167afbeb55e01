/**
 * Who a device is, and what it says in CONNECT (pure).
 *
 *   by            clientId                                                          username       password
 *   secret        ${cid}|securemode=2,signmethod=hmacsha256[,timestamp=789][,…]|    ${dn}&${pk}    signature
 *   certificate   ${cid}|securemode=2,signmethod=hmacsha256[,…]|                    ${dn}&${pk}    (blank)
 *   token         ${clientId}|securemode=-2,authType=connwl[,…]|                    ${dn}&${pk}    ${deviceToken}
 *   pre-auth      ${cid}|securemode=-1[,…]|                                         ${iotId}       ${iotToken}
 *
 *   cid           ${productKey}.${deviceName}; … more keys, not signed
 *   securemode    over TLS; over plain TCP and WebSocket 3 instead of 2, 0 instead of -1
 *   signature     hex HMAC(deviceSecret, "clientId…deviceName…productKey…[timestamp…]")
 *
 * The timestamp is signed exactly when it stands in the clientId. It is no freshness check: a device without a
 * clock leaves it out.
 *
 * Source: Alibaba Cloud IoT Platform, "MQTT connection", "Use X.509 certificates" (a device that knows its names),
 * "MQTT-based dynamic registration"; secure modes of the C SDK 2.2.1; checked with the vectors of the official SDKs.
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

/** More keys of the clientId. */
export type Extras = Record<string, string | number>;

export interface SignInOptions {
  /** The text before the first bar, at most 64 characters; default `${productKey}.${deviceName}`. */
  clientId?: string;
  /** Default `hmacsha256`. */
  signMethod?: SignMethod;
  /** Milliseconds since 1970 as text; default: none. */
  timestamp?: string;
  /** 2: TLS, 3: plain TCP or WebSocket. */
  secureMode: 2 | 3;
  extras?: Extras;
}

/** What a device says in CONNECT. */
export interface SignIn {
  clientId: string;
  username: string;
  /** A signature in hexadecimal, lower case; a token; or blank. */
  password: string;
}

const ALGORITHMS: Record<SignMethod, string> = { hmacsha256: 'sha256', hmacsha1: 'sha1', hmacmd5: 'md5' };

export const SIGN_METHODS: readonly string[] = Object.keys(ALGORITHMS);

/** By the secret. */
export function signIn(triple: Triple, options: SignInOptions): SignIn {
  const { productKey, deviceName, deviceSecret } = triple;
  const { secureMode, timestamp, signMethod = 'hmacsha256' } = options;
  const clientId = options.clientId ?? defaultClientId(triple);
  const time = timestamp === undefined ? undefined : { timestamp };
  return {
    clientId: withKeys(clientId, {
      securemode: secureMode,
      signmethod: signMethod,
      ...time,
      ...options.extras,
    }),
    username: usernameOf(triple),
    password: hmacHex(signMethod, deviceSecret, { clientId, deviceName, productKey, ...time }),
  };
}

/** By a client certificate, which TLS has proved already. */
export function certificateSignIn(identity: Identity, signMethod: SignMethod, extras: Extras): SignIn {
  const keys = { securemode: 2, signmethod: signMethod, ...extras };
  return {
    clientId: withKeys(defaultClientId(identity), keys),
    username: usernameOf(identity),
    password: '',
  };
}

/** By the token of a registration without pre-registration; `clientId` is the one that came with it. */
export function tokenSignIn(
  identity: Identity,
  { clientId, deviceToken }: { clientId: string; deviceToken: string },
  extras: Extras,
): SignIn {
  const keys = { securemode: -2, authType: 'connwl', ...extras };
  return { clientId: withKeys(clientId, keys), username: usernameOf(identity), password: deviceToken };
}

/** By what the pre-authentication gave. */
export function preauthSignIn(
  identity: Identity,
  { iotId, iotToken }: { iotId: string; iotToken: string },
  { secure, extras }: { secure: boolean; extras: Extras },
): SignIn {
  const keys = { securemode: secure ? -1 : 0, ...extras };
  return { clientId: withKeys(defaultClientId(identity), keys), username: iotId, password: iotToken };
}

/**
 * The form that asks for a pre-authentication. The timestamp is a constant, as no clock is needed.
 * Source: the C SDK 2.2.1 and 3.2.0.
 */
export function preauthForm(triple: Triple, signMethod: SignMethod): Record<string, string> {
  const { productKey, deviceName, deviceSecret } = triple;
  const signed = { productKey, deviceName, clientId: defaultClientId(triple), timestamp: '2524608000000' };
  const sign = hmacHex(signMethod, deviceSecret, signed);
  return { ...signed, signmethod: signMethod, sign, version: 'default', resources: 'mqtt' };
}

/** The form that asks which MQTT host is the device's own; nothing in it is signed. */
export function bootstrapForm(identity: Identity): Record<string, string> {
  const { productKey, deviceName } = identity;
  return { productKey, deviceName, clientId: defaultClientId(identity), resources: 'mqtt' };
}

function defaultClientId({ productKey, deviceName }: Identity): string {
  return `${productKey}.${deviceName}`;
}

function usernameOf({ productKey, deviceName }: Identity): string {
  return `${deviceName}&${productKey}`;
}

function withKeys(clientId: string, keys: Extras): string {
  const pairs = Object.entries(keys).map(([key, value]) => `${key}=${value}`);
  return `${clientId}|${pairs.join(',')}|`;
}

/** The platform's signature of `fields`: names sorted, each followed by its value, without separators. */
export function hmacHex(method: SignMethod, secret: string, fields: Record<string, string>): string {
  const names = Object.keys(fields).sort();
  const content = names.map((name) => `${name}${fields[name]}`).join('');
  return createHmac(ALGORITHMS[method], secret).update(content).digest('hex');
}
