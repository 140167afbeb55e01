/**
 * What the platform says after a sign-in by client certificate, without a subscription: whose certificate it is (pure).
 *
 *   /ext/auth/identity/response   {"productKey":"…","deviceName":"…"}
 *
 * Source: Alibaba Cloud IoT Platform, "Use X.509 certificates to authenticate devices".
 */
import { isRecord } from '../../untrusted';
import type { Identity } from '../identity';

export const IDENTITY_TOPIC = '/ext/auth/identity/response';

const MAX_BYTES = 1024;

/** The one that the notice names, if that is not `own`; undefined for anything that names nobody. */
export function foreignIdentity(payload: Buffer, own: Identity): Identity | undefined {
  const named = payload.length <= MAX_BYTES ? identityIn(payload.toString('utf8')) : undefined;
  const isOwn = named?.productKey === own.productKey && named.deviceName === own.deviceName;
  return isOwn ? undefined : named;
}

function identityIn(text: string): Identity | undefined {
  try {
    const body: unknown = JSON.parse(text);
    if (!isRecord(body)) return undefined;
    const { productKey, deviceName } = body;
    if (typeof productKey !== 'string' || typeof deviceName !== 'string') return undefined;
    return { productKey, deviceName };
  } catch {
    return undefined;
  }
}
