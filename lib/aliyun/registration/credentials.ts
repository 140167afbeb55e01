/**
 * What a device signs in with after its registration, read from the cloud's answer or from our file of it (pure).
 *
 *   pre-registered       {"productKey":"…","deviceName":"…","deviceSecret":"…"}
 *   not pre-registered   {"productKey":"…","deviceName":"…","clientId":"…","deviceToken":"…"}
 *
 * Source: Alibaba Cloud IoT Platform, "MQTT-based dynamic registration" and "Unique-certificate-per-product
 * authentication".
 */
import { isRecord } from '../../untrusted';
import type { Identity } from '../identity';

/** A secret to sign with, or a token that is the password itself, for the clientId that came with it. */
export type Credentials = { deviceSecret: string } | { clientId: string; deviceToken: string };

/** Longer answers and files are refused unread. */
export const MAX_BYTES = 4096;

const MAX_SECRET_LENGTH = 64;
const MAX_TOKEN_LENGTH = 2048;

/** Undefined for what holds no credentials, or those of another device. */
export function credentialsOf(body: unknown, { productKey, deviceName }: Identity): Credentials | undefined {
  if (!isRecord(body)) return undefined;
  // Over MQTT the answer comes on our own connection: one that names nobody is ours as well.
  const { productKey: product = productKey, deviceName: name = deviceName } = body;
  if (product !== productKey || name !== deviceName) return undefined;
  const { deviceSecret, clientId, deviceToken } = body;
  if (isWord(deviceSecret, MAX_SECRET_LENGTH)) return { deviceSecret };
  // A bar would end the clientId in CONNECT.
  if (isWord(clientId, MAX_TOKEN_LENGTH) && !clientId.includes('|') && isWord(deviceToken, MAX_TOKEN_LENGTH))
    return { clientId, deviceToken };
  return undefined;
}

/** `credentialsOf` JSON text; undefined for other text too. */
export function parseCredentials(text: string, identity: Identity): Credentials | undefined {
  try {
    return credentialsOf(JSON.parse(text), identity);
  } catch {
    return undefined;
  }
}

function isWord(value: unknown, longest: number): value is string {
  return typeof value === 'string' && value.length <= longest && /^[\x21-\x7e]+$/.test(value);
}
