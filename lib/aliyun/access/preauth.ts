/**
 * Pre-authentication, the platform's old way: a signed form is exchanged for a token that is the password.
 *
 *   POST https://iot-auth.${region}.aliyuncs.com/auth/devicename      see identity's `preauthForm`
 *   {"code":200,"data":{"iotId":"…","iotToken":"…","resources":{"mqtt":{"host","port"}}},"message":"success"}
 *
 * Source: Alibaba Cloud IoT Platform, "MQTT connection" (HTTPS authentication first); the C SDK 2.2.1.
 */
import { MialinkError } from '../../errors';
import { authHost, type Endpoint } from '../endpoint';
import { preauthForm, type Triple } from '../identity';
import type { CheckedSettings } from '../settings';
import { askForEndpoint } from './resources';

const MAX_TOKEN_LENGTH = 1024;

export interface Preauthentication {
  endpoint: Endpoint;
  iotId: string;
  iotToken: string;
}

/** Asks anew for each connect. Rejects as `askForEndpoint` does. */
export async function preauthenticate(
  triple: Triple,
  settings: CheckedSettings,
  signal: AbortSignal,
): Promise<Preauthentication> {
  const { signMethod, label } = settings;
  const host = settings.authEndpoint || authHost(settings.region);
  const form = preauthForm(triple, signMethod);
  const { endpoint, data } = await askForEndpoint(`https://${host}/auth/devicename`, form, settings, signal);
  const { iotId, iotToken } = data;
  if (!isToken(iotId) || !isToken(iotToken)) throw new MialinkError('authMalformed', { device: label, host });
  return { endpoint, iotId, iotToken };
}

function isToken(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_TOKEN_LENGTH && /^[\x21-\x7e]+$/.test(value);
}
