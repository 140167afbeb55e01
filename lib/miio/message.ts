/**
 * The plaintext of a packet: JSON-RPC in the dialect of the devices. Pure.
 *
 *   request   {"id":N,"method":"m","params":[...]}      compact, `id` first: some firmware insists on both
 *   result    {"id":N,"result":X}                       X may be 0, null, "" or an object
 *   error     {"id":N,"error":{"code":C,"message":"..."}}
 */
import type { PeerError } from '../errors';
import { isDeeperThan, isRecord, MAX_DEPTH, withoutPrototypes } from '../untrusted';
import { repairJson } from './json-repair';

export type Message =
  | { kind: 'result'; id: number; result: unknown }
  | { kind: 'error'; id: number; error: PeerError }
  /** The device asks something itself (or our own packet came back): never an answer. */
  | { kind: 'request'; method: string }
  /** Nothing but NUL: a device without its cloud (lumi.gateway.mgl03). */
  | { kind: 'empty' }
  /** Beyond repair; the id if it could still be read. */
  | { kind: 'unreadable'; id?: number }
  /** JSON, but no answer to anybody: no object, or no numeric id. */
  | { kind: 'stray' };

/** An id is at least 1 and at most this; some firmware keeps it in a signed 32 bit number. */
export const MAX_ID = 2 ** 31 - 1;

const LONGEST_START = start(MAX_ID);
/** Every level takes two brackets. */
const SHORTEST_TOO_DEEP = 2 * MAX_DEPTH;
/** More of what a device says of its refusal tells nobody more. */
const LONGEST_MESSAGE = 200;
/** Not the letter itself: for one beyond Latin-1, V8 gives two bytes to every letter of the compiled file. */
const ELLIPSIS = String.fromCodePoint(0x2026);
/** The names under which a request holds a token or the password of a Wi-Fi, perhaps within a text of its own. */
const SECRET = /["'\\](?:token|passwd|password|bind_key)["'\\]/i;

/** What a request says under any id. Throws a TypeError for params that JSON cannot express. */
export function requestBody(method: string, params: unknown): string {
  return JSON.stringify({ method, params }).slice(1);
}

/** How long the request with this body is under the longest id. */
export function requestBytes(body: string): number {
  return LONGEST_START.length + Buffer.byteLength(body);
}

export function encodeRequest(id: number, body: string): Buffer {
  return Buffer.from(start(id) + body);
}

/** What a request has before its body. */
function start(id: number): string {
  return `{"id":${id},`;
}

export function parseMessage(plaintext: Buffer): Message {
  // Invalid UTF-8 (an SSID in another encoding) becomes U+FFFD and must not fail the command.
  const text = withoutEndingNuls(plaintext.toString('utf8'));
  if (text.trim() === '') return { kind: 'empty' };
  const value = parseText(text);
  if (value === undefined) return unreadable(text);
  return classify(value);
}

/** Firmware in C ends its texts with one NUL or more. */
function withoutEndingNuls(text: string): string {
  let end = text.length;
  while (text[end - 1] === '\0') end--;
  return text.slice(0, end);
}

/** Undefined for what is no JSON, also when it is repaired, or nested too deeply. */
function parseText(text: string): unknown {
  const value = parseJson(text);
  return value === undefined ? parseJson(repairJson(text)) : value;
}

function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    if (text.length > SHORTEST_TOO_DEEP && isDeeperThan(value, MAX_DEPTH)) return undefined;
    // JSON can spell this key so or with escapes, and no otherwise.
    const suspicious = text.includes('__proto__') || text.includes('\\u');
    return suspicious ? withoutPrototypes(value) : value;
  } catch {
    return undefined;
  }
}

function unreadable(text: string): Message {
  const id = /"id"\s*:\s*(\d{1,10})/.exec(text)?.[1];
  return id === undefined ? { kind: 'unreadable' } : { kind: 'unreadable', id: Number(id) };
}

function classify(value: unknown): Message {
  if (!isRecord(value)) return { kind: 'stray' };
  const { id, method, error, result } = value;
  if (typeof method === 'string') return { kind: 'request', method };
  if (typeof id !== 'number' || !Number.isInteger(id)) return { kind: 'stray' };
  if ('result' in value) return { kind: 'result', id, result };
  if ('error' in value) return { kind: 'error', id, error: peerError(error, value.code) };
  const { id: _, ...rest } = value;
  return { kind: 'result', id, result: Object.keys(rest).length > 0 ? rest : null };
}

/** Errors come as an object, an object without code, or a bare text. */
function peerError(error: unknown, outerCode: unknown): PeerError {
  const fields = isRecord(error) ? error : { message: error };
  const code = fields.code ?? outerCode;
  const message = fields.message ?? fields.error ?? '';
  return {
    code: typeof code === 'number' ? code : presentable(typeof code === 'string' ? code : ''),
    message: presentable(typeof message === 'string' ? message : JSON.stringify(message)),
  };
}

/** What a device says goes into texts and logs: not for ever, and not from where it repeats what it was sent in secret. */
export function presentable(message: string): string {
  const secret = message.search(SECRET);
  const end = Math.min(secret === -1 ? message.length : secret, LONGEST_MESSAGE);
  return end < message.length ? message.slice(0, end) + ELLIPSIS : message;
}
