/**
 * Where a sign-in service sends a device.
 *
 *   {"code":200,"data":{"resources":{"mqtt":{"host":"…","port":1883}}, …},"message":"success"}
 */
import { MialinkError } from '../../errors';
import { isRecord } from '../../untrusted';
import { type Endpoint, endpointAt, placeOf, type Transport } from '../endpoint';
import { type CheckedSettings, signsInRegistered } from '../settings';
import { postForm } from './form-post';
import { peerOf, signInRefusal } from './refusal';

const TIMEOUT_MS = 10_000;
const SUCCESS = 200;

/**
 * The answer's data and the endpoint in it. Rejects as `postForm` does, as `signInRefusal` says, and with
 * `authMalformed` for an answer without an endpoint.
 */
export async function askForEndpoint(
  url: string,
  form: Record<string, string>,
  settings: CheckedSettings,
  signal: AbortSignal,
): Promise<{ endpoint: Endpoint; data: Record<string, unknown> }> {
  const { label, ca } = settings;
  const { code, message, data } = await postForm(url, form, { label, ca, timeoutMs: TIMEOUT_MS, signal });
  const { host } = new URL(url);
  if (code !== SUCCESS) {
    throw signInRefusal(peerOf(code, message), { device: label, host }, signsInRegistered(settings));
  }
  const endpoint = endpointIn(data.resources, settings.endpoint.transport);
  if (!endpoint) throw new MialinkError('authMalformed', { device: label, host });
  return { endpoint, data };
}

/** Undefined when it names no host. Its port is that of MQTT over TCP and TLS. */
function endpointIn(resources: unknown, transport: Transport): Endpoint | undefined {
  const mqtt = isRecord(resources) ? resources.mqtt : undefined;
  if (!isRecord(mqtt) || typeof mqtt.host !== 'string' || mqtt.host.length > 253) return undefined;
  const place = placeOf(`${mqtt.host}:${mqtt.port}`);
  if (place?.port === undefined) return undefined;
  const isTcp = transport === 'tls' || transport === 'tcp';
  return endpointAt(place.host, isTcp ? place.port : undefined, transport);
}
