/**
 * Alink, the JSON of the thing model (pure).
 *
 *   request  {"id":"123","version":"1.0","params":{…},"method":"thing.event.property.post"}
 *   reply    {"id":"123","code":200,"data":{…},"message":"success"}
 *
 * Written strictly, read tolerantly: id and code as text or number; message, data and params may be missing. A
 * parser never throws: it gives a value, or the cause why there is none.
 *
 * Source: Alibaba Cloud IoT Platform, "Alink protocol".
 */

import { MialinkError, messageOf } from '../errors';
import { isDeeperThan, isRecord, type Json, MAX_DEPTH, withoutPrototypes } from '../untrusted';

/** What the cloud accepts as one message. */
export const MAX_PAYLOAD_BYTES = 256 * 1024;

const MAX_ID_LENGTH = 64;

/** The key `__proto__`, plain or escaped. */
const MAY_HOLD_PROTOTYPE = /__proto__|\\u/;

export interface CloudReply {
  id: string;
  code: number;
  message: string;
  data: unknown;
}

export interface CloudRequest {
  id: string;
  /** `''` when the message has none. */
  method: string;
  /** `{}` when the message has none. */
  params: unknown;
}

/** `id` is there when the message had a usable one, so that it can be answered nevertheless. */
export interface Malformed {
  cause: string;
  id?: string;
}

export type Parsed<Value> = { value: Value } | Malformed;

export function requestBody(id: string, method: string, params: unknown): object {
  return { id, version: '1.0', params, method };
}

export function replyBody(id: string, code: number, data: unknown): object {
  return { id, code, data };
}

/**
 * The JSON text of a message. Throws `payloadInvalid` for what JSON cannot express and for more than 256 KB;
 * `operation` is what it is sent for.
 */
export function encode(message: object, device: string, operation: string): string {
  const refuse = (rule: string, type: string) =>
    new MialinkError('payloadInvalid', { device, operation, rule, type });
  let text: string;
  try {
    text = JSON.stringify(message);
    refuseVoid({ '': message });
  } catch (error) {
    throw refuse('something JSON can express', messageOf(error));
  }
  // A UTF-16 unit has at most 3 bytes in UTF-8: mostly there is nothing to count.
  const bytes = text.length * 3 > MAX_PAYLOAD_BYTES ? Buffer.byteLength(text) : 0;
  if (bytes > MAX_PAYLOAD_BYTES) throw refuse(`at most ${MAX_PAYLOAD_BYTES} bytes of JSON`, `${bytes}`);
  return text;
}

/** What is published as it is, or an object as JSON. Throws as `encode` does. */
export function encodeMessage(
  payload: object | string | Buffer,
  device: string,
  operation: string,
): string | Buffer {
  if (typeof payload !== 'string' && !Buffer.isBuffer(payload)) return encode(payload, device, operation);
  const bytes = Buffer.byteLength(payload);
  if (bytes <= MAX_PAYLOAD_BYTES) return payload;
  const values = { device, operation, rule: `at most ${MAX_PAYLOAD_BYTES} bytes`, type: `${bytes}` };
  throw new MialinkError('payloadInvalid', values);
}

/**
 * JSON would leave these out, or write null: the cloud would get something else than was meant. For what JSON can
 * express otherwise; a replacer would see the same, but `stringify` with one takes twice as long. What is inherited is
 * not written, and looked for only where it would matter: the loop is twice as fast as one over `Object.keys`.
 */
function refuseVoid(message: Json): void {
  for (const key in message) {
    const value = message[key];
    if (typeof value === 'string' || typeof value === 'boolean' || value === null) continue;
    if (typeof value === 'number' && Number.isFinite(value)) continue;
    if (!Object.hasOwn(message, key)) continue;
    if (typeof value !== 'object')
      throw new Error(`${typeof value === 'number' ? value : typeof value} in ${key}`);
    const written: unknown =
      'toJSON' in value && typeof value.toJSON === 'function' ? value.toJSON(key) : value;
    if (isRecord(written)) refuseVoid(written);
    else refuseVoid(Array.isArray(written) ? { ...written } : { [key]: written });
  }
}

export function parseReply(payload: Buffer): Parsed<CloudReply> {
  return parse<CloudReply>(payload, (id, { code, message, data = {} }) => {
    const number = typeof code === 'string' && code.trim() !== '' ? Number(code) : code;
    if (typeof number !== 'number' || !Number.isInteger(number)) return { id, cause: 'it has no code' };
    return { value: { id, code: number, message: typeof message === 'string' ? message : '', data } };
  });
}

export function parseRequest(payload: Buffer): Parsed<CloudRequest> {
  return parse<CloudRequest>(payload, (id, { method = '', params }) => {
    if (typeof method !== 'string') return { id, cause: 'its method is not text' };
    return { value: { id, method, params: params ?? {} } };
  });
}

function parse<Value>(payload: Buffer, read: (id: string, message: Json) => Parsed<Value>): Parsed<Value> {
  if (payload.length > MAX_PAYLOAD_BYTES) return { cause: `it is longer than ${MAX_PAYLOAD_BYTES} bytes` };
  const text = payload.toString('utf8');
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return { cause: 'it is not JSON' };
  }
  if (!isRecord(message)) return { cause: 'it is not a JSON object' };
  const id = readId(message.id);
  if (id === undefined) return { cause: 'it has no usable id' };
  if (isDeeperThan(message, MAX_DEPTH)) return { id, cause: `it is nested deeper than ${MAX_DEPTH} levels` };
  return read(id, MAY_HOLD_PROTOTYPE.test(text) ? withoutPrototypes(message) : message);
}

function readId(id: unknown): string | undefined {
  if (typeof id === 'number' && Number.isSafeInteger(id) && id >= 0) return String(id);
  return typeof id === 'string' && id !== '' && id.length <= MAX_ID_LENGTH ? id : undefined;
}
