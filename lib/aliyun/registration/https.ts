/**
 * Registration by HTTPS, for a DeviceName that was added to the product beforehand.
 *
 *   POST https://iot-auth.${region}.aliyuncs.com/auth/register/device      a form, see register-sign
 *   {"code":200,"message":"success","data":{"productKey","deviceName","deviceSecret"}}
 *
 * The host is the same for every kind of instance.
 * Source: Alibaba Cloud IoT Platform, "HTTPS-based dynamic registration".
 */
import { randomBytes } from 'node:crypto';
import { MialinkError } from '../../errors';
import { postForm } from '../access/form-post';
import { type Credentials, credentialsOf } from './credentials';
import { refusalOf } from './refusal';
import { type Applicant, registerForm } from './register-sign';

export interface HttpsOptions {
  /** For texts. */
  label: string;
  applicant: Applicant;
  /** Such as `cn-shanghai`. */
  region: string;
  /** `host[:port]`; goes before what the region gives. */
  authEndpoint?: string;
  /** PEM texts of what is trusted besides the usual roots. */
  ca: readonly string[];
}

const TIMEOUT_MS = 10_000;
const SUCCESS = 200;

/** Rejects as `refusalOf` says, with `registrationMalformed`, or as `postForm` does. */
export async function registerByHttps(options: HttpsOptions, signal?: AbortSignal): Promise<Credentials> {
  const { label, applicant, region, authEndpoint, ca } = options;
  const host = authEndpoint || `iot-auth.${region}.aliyuncs.com`;
  const { code, message, data } = await postForm(
    `https://${host}/auth/register/device`,
    registerForm(applicant, randomBytes(7).toString('hex')),
    { label, ca, timeoutMs: TIMEOUT_MS, signal },
  );
  if (code !== SUCCESS) throw refusalOf({ device: label, host }, code, message);
  const credentials = credentialsOf(data, applicant.identity);
  if (!credentials) {
    throw new MialinkError('registrationMalformed', {
      device: label,
      cause: 'it holds no DeviceSecret of this device',
    });
  }
  return credentials;
}
