/**
 * Where a sign-in service sends a device.
 *
 *   {"code":200,"data":{"resources":{"mqtt":{"host":"…","port":1883}}, …},"message":"success"}
 */
import { MialinkError } from '../../errors';
import { isRecord } from '../../untrusted';
import { type Endpoint, endpointAt, placeOf, type Transport } from '../endpoint';
import type { CheckedSettings } from '../settings';
import { type FormAnswer, postForm } from './form-post';

const TIMEOUT_MS = 10_000;

/**
 * The answer's data and the endpoint in it. Rejects as `postForm` does, and with `authRefused` (AUTH), `authUnreachable`
 * for a failure of the cloud's own, `authMalformed` for an answer without an endpoint.
 */
export async function askForEndpoint(
  url: string,
  form: Record<string, string>,
  { label, ca, endpoint: { transport } }: CheckedSettings,
  signal: AbortSignal,
): Promise<{ endpoint: Endpoint; data: Record<string, unknown> }> {
  const answer = await postForm(url, form, { label, ca, timeoutMs: TIMEOUT_MS, signal });
  const { host } = new URL(url);
  if (answer.code !== 200) throw refusalOf(answer, label, host);
  const { data } = answer;
  const endpoint = endpointIn(data.resources, transport);
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

function refusalOf({ code, message }: FormAnswer, device: string, host: string): MialinkError {
  const peer = { code, message: message.slice(0, 200) };
  if (code >= 500 && code <= 599) {
    return new MialinkError('authUnreachable', { device, host, cause: `${code} ${peer.message}` }, { peer });
  }
  return new MialinkError('authRefused', { device, host, ...peer }, { peer });
}
