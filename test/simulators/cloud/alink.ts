/**
 * The Alink envelope (pure), as the cloud reads and writes it.
 *
 *   request  {"id":"123","version":"1.0","sys":{"ack":0},"params":{...},"method":"thing.event.property.post"}
 *   reply    {"id":"123","code":200,"data":{...},"message":"success","method":"...","version":"1.0"}
 *
 * Source: reference/aliyun.md 3.1, 3.5.
 */
export type JsonObject = Record<string, unknown>;

/** Why the cloud does not do what a device asked: one of its documented codes, and a sentence. */
export class Refusal extends Error {
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}

export interface Request {
  id: string;
  params: unknown;
  /** False: the device set `sys.ack` to 0 and wants no reply. */
  ack: boolean;
}

/** A device's answer to a call from the cloud. */
export interface Reply {
  id: string;
  code: number;
  data: unknown;
}

const MAX_ID = 4_294_967_295;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The JSON object in a payload, or null. */
export function parseObject(payload: Buffer): JsonObject | null {
  try {
    const value: unknown = JSON.parse(payload.toString());
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** Below `/sys/${pk}/${dn}/`, a topic's path is the method with other dots. */
export function methodOf(path: string): string {
  return path.replaceAll('/', '.');
}

/** Throws a Refusal where the envelope breaks the rules. `method` is the one of the topic; the body may leave it out. */
export function readRequest(payload: Buffer, method: string): Request {
  const body = parseObject(payload);
  if (!body) throw new Refusal(6207, 'the payload is not a JSON object');
  const { id } = body;
  if (typeof id !== 'string' || !/^\d{1,10}$/.test(id) || Number(id) > MAX_ID) {
    throw new Refusal(460, 'id must be a string with a number from 0 to 4294967295');
  }
  if (body.version !== '1.0') throw new Refusal(460, 'version must be "1.0"');
  if (body.method !== undefined && body.method !== method) {
    throw new Refusal(6300, `method must be ${method}, as the topic says`);
  }
  if (body.params === undefined) throw new Refusal(460, 'params is missing');
  return { id, params: body.params, ack: !(isObject(body.sys) && body.sys.ack === 0) };
}

/** The id to answer a request with that `readRequest` refuses. */
export function idOf(payload: Buffer): string {
  const id = parseObject(payload)?.id;
  return typeof id === 'string' || typeof id === 'number' ? String(id) : '';
}

/** Null where it is no Alink reply: id a string, code an integer, data an object or an array. */
export function readReply(payload: Buffer): Reply | null {
  const body = parseObject(payload);
  if (!body || typeof body.id !== 'string' || !Number.isInteger(body.code)) return null;
  if (typeof body.data !== 'object' || body.data === null) return null;
  return { id: body.id, code: Number(body.code), data: body.data };
}

export function writeRequest(id: string, method: string, params: unknown): string {
  return JSON.stringify({ id, version: '1.0', params, method });
}
