/**
 * Registration by MQTT over TLS: a connection that is only there to be told the secret.
 *
 *   CONNECT (see register-sign) -> CONNACK 0 -> PUBLISH from the cloud, without SUBSCRIBE -> DISCONNECT
 *                               -> CONNACK 4, 5: refused, without a reason
 *   topic   /ext/register (pre-registered) or /ext/regnwl (not), payload: see credentials
 *
 * The cloud may also just stay silent when it does not register the device, hence the time limit.
 * Source: Alibaba Cloud IoT Platform, "MQTT-based dynamic registration".
 */
import { randomBytes } from 'node:crypto';
import type { MqttClient } from 'mqtt';
import { MialinkError } from '../../errors';
import { timePassed } from '../../wait';
import { type Connect, secured } from '../dial';
import type { Endpoint } from '../endpoint';
import { connectionProblem } from '../failure';
import { sayGoodBye } from '../farewell';
import { sharedTrust } from '../roots';
import { type Credentials, MAX_BYTES, parseCredentials } from './credentials';
import { connackRefusal } from './refusal';
import { type Applicant, type MqttForm, registerSignIn } from './register-sign';

export interface MqttOptions {
  /** For texts. */
  label: string;
  applicant: Applicant;
  form: MqttForm;
  /** Of transport `tls` or `wss`. */
  endpoint: Endpoint;
  /** PEM texts of what is trusted besides the usual roots. */
  ca: readonly string[];
  connect: Connect;
}

/** For all of it. */
const TIMEOUT_MS = 30_000;
/** Seconds; the cloud does not check it here. */
const KEEPALIVE = 60;

/**
 * The connection is closed when it settles. Rejects with `settingInvalid` (no TLS), `registrationRefused`,
 * `registrationUnanswered`, `registrationMalformed`, or as a connection does that cannot be made.
 */
export async function registerByMqtt(options: MqttOptions, signal?: AbortSignal): Promise<Credentials> {
  const { label, applicant, form, endpoint } = options;
  const client = dial(options);
  const end = new AbortController();
  const answer = new Promise<Buffer>((resolve, reject) => {
    const topic = form.preregistered ? '/ext/register' : '/ext/regnwl';
    client.on('message', (arrivedOn, payload) => {
      if (arrivedOn === topic) resolve(payload);
    });
    client.on('error', reject);
    client.on('close', () => reject(new Error('the connection was closed before the answer')));
    signal?.addEventListener('abort', () => reject(signal.reason), { signal: end.signal });
  });
  try {
    if (await timePassed(TIMEOUT_MS, answer)) throw unanswered(options);
    const credentials = credentialsIn(await answer, applicant);
    if (!credentials) throw malformed(label);
    return credentials;
  } catch (error) {
    throw problemOf(error, label, endpoint.host);
  } finally {
    end.abort();
    await sayGoodBye(client);
  }
}

function dial({ label, applicant, form, endpoint, ca, connect }: MqttOptions): MqttClient {
  const { transport, url, host } = endpoint;
  if (transport !== 'tls' && transport !== 'wss') {
    const rule = 'tls or wss for a registration by MQTT';
    throw new MialinkError('settingInvalid', { device: label, field: 'transport', rule, value: transport });
  }
  try {
    return connect(url, {
      ...registerSignIn(applicant, form, randomBytes(7).toString('hex')),
      ...secured(sharedTrust(ca)),
      protocolVersion: 4,
      clean: true,
      keepalive: KEEPALIVE,
      connectTimeout: TIMEOUT_MS,
      reconnectPeriod: 0,
      resubscribe: false,
      queueQoSZero: false,
      // Otherwise it keeps a Buffer for every number of two bytes: 8 MB.
      writeCache: false,
      // Its debug log would show the password in CONNECT, and the answer.
      log: () => undefined,
    });
  } catch (error) {
    throw problemOf(error, label, host);
  }
}

function credentialsIn(payload: Buffer, { identity }: Applicant): Credentials | undefined {
  return payload.length <= MAX_BYTES ? parseCredentials(payload.toString('utf8'), identity) : undefined;
}

function problemOf(error: unknown, device: string, host: string): MialinkError {
  const problem = connectionProblem(error, { device, host, wasConnected: false });
  const { reason, peer } = problem;
  return reason === 'signInRefused' && peer ? connackRefusal(device, peer.code, peer.message) : problem;
}

function unanswered({ label: device, form, endpoint: { host } }: MqttOptions): MialinkError {
  const context = form.preregistered ? 'preregistered' : 'unregistered';
  return new MialinkError('registrationUnanswered', { device, host, timeoutMs: TIMEOUT_MS, context });
}

function malformed(device: string): MialinkError {
  return new MialinkError('registrationMalformed', {
    device,
    cause: 'it holds no credentials of this device',
  });
}
