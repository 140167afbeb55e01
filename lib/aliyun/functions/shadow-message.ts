/**
 * The messages of the device shadow (pure): a document in the cloud that holds what the device reported and what is
 * wished of it, under one version.
 *
 *   up    /shadow/update/${productKey}/${deviceName}
 *         {"method":"get"}
 *         {"method":"update","state":{"reported":{"color":"red"}},"version":n}
 *         {"method":"update","state":{"desired":"null"},"version":n}               forgets what is wished
 *         {"method":"delete","state":{"reported":{"color":"null"}},"version":n}    "reported":"null": all of it
 *   down  /shadow/get/${productKey}/${deviceName}
 *         {"method":"reply","payload":{"status":"success","state":{…},"metadata":{…},"version":n},"timestamp":s}
 *         {"method":"reply","payload":{"status":"error","content":{"errorcode":c,"errormessage":m}},"timestamp":s}
 *         {"method":"control","payload":{"status":"success","state":{…},"metadata":{…}},"version":n,"timestamp":s}
 *
 * "null" is a text. State and metadata are in the reply to `get` only. A version must be above that of the document; -1
 * sets that back to 0. The version stands in the payload or beside it, numbers may be texts. A `clientToken` beside
 * `method` comes back with the reply, says Alibaba's C SDK, whose documents do not mention it.
 *
 * Source: Alibaba Cloud IoT Platform, "Device shadow data stream"; for clientToken and error code 407 the shadow of
 * iotkit-embedded 2.3.0.
 */
import type { PeerError } from '../../errors';
import { isDeeperThan, isRecord, type Json, MAX_DEPTH, withoutPrototypes } from '../../untrusted';
import { MAX_PAYLOAD_BYTES } from '../alink';

/** What a message of the cloud says of the document. */
export interface ShadowDocument {
  /** `{}` in the reply to anything but `get`. */
  reported: Json;
  desired: Json;
  /** When each value came: `{reported: {name: {timestamp}}, desired: …}`, in seconds. */
  metadata: Json;
  /** Of the document; undefined if the message has none. */
  version?: number;
  /** Seconds since 1970. */
  timestamp?: number;
}

export type ShadowMessage =
  | { kind: 'reply'; document: ShadowDocument; clientToken?: string }
  | { kind: 'refusal'; refusal: PeerError; clientToken?: string }
  | { kind: 'control'; document: ShadowDocument };

/** There is no document yet. */
export const NO_DOCUMENT = 407;
export const VERSION_CONFLICT = 409;

const GONE = 'null';

export function getBody(): Json {
  return { method: 'get' };
}

export function updateBody(reported: Json): Json {
  return { method: 'update', state: { reported } };
}

export function clearDesiredBody(): Json {
  return { method: 'update', state: { desired: GONE } };
}

export function deleteBody(names: readonly string[] | 'all'): Json {
  const reported = names === 'all' ? GONE : Object.fromEntries(names.map((name) => [name, GONE]));
  return { method: 'delete', state: { reported } };
}

/** Undefined for what is no message of the shadow. */
export function parseShadowMessage(bytes: Buffer): ShadowMessage | undefined {
  const message = readObject(bytes);
  if (!message || !isRecord(message.payload)) return undefined;
  const { method, payload, clientToken: token } = message;
  const clientToken = typeof token === 'string' ? token : undefined;
  if (method === 'control') return { kind: 'control', document: documentOf(message, payload) };
  if (method !== 'reply') return undefined;
  if (payload.status === 'success') {
    return { kind: 'reply', document: documentOf(message, payload), clientToken };
  }
  if (payload.status !== 'error') return undefined;
  return { kind: 'refusal', refusal: refusalOf(objectOf(payload.content)), clientToken };
}

function readObject(bytes: Buffer): Json | undefined {
  if (bytes.length > MAX_PAYLOAD_BYTES) return undefined;
  try {
    const message: unknown = JSON.parse(bytes.toString('utf8'));
    return isRecord(message) && !isDeeperThan(message, MAX_DEPTH) ? withoutPrototypes(message) : undefined;
  } catch {
    return undefined;
  }
}

function documentOf(message: Json, payload: Json): ShadowDocument {
  const state = objectOf(payload.state);
  return {
    reported: objectOf(state.reported),
    desired: objectOf(state.desired),
    metadata: objectOf(payload.metadata),
    version: numberOf(payload.version) ?? numberOf(message.version),
    timestamp: numberOf(message.timestamp),
  };
}

function refusalOf({ errorcode, errormessage }: Json): PeerError {
  const text = typeof errorcode === 'string' ? errorcode.trim() : '';
  return {
    code: numberOf(errorcode) ?? (text || 'without a code'),
    message: typeof errormessage === 'string' ? errormessage : '',
  };
}

/** `{}` for everything else: what is gone may be missing, null or the text "null". */
function objectOf(value: unknown): Json {
  return isRecord(value) ? value : {};
}

function numberOf(value: unknown): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) ? number : undefined;
}
