/**
 * What a device asks of us of its own accord. Pure.
 *
 *   {"id":N,"method":"properties_changed","params":[...]}
 */
import { isDeeperThan, isRecord, MAX_DEPTH, withoutPrototypes } from '../../untrusted';
import { repairJson } from '../json-repair';
import { MAX_ID } from '../message';

/** `params` is as the device sent it, but not deeper than `MAX_DEPTH` and without keys `__proto__`. */
export interface DeviceCall {
  id: number;
  method: string;
  params: unknown;
}

/** Undefined for anything that is no call, such as the answer to one of ours. */
export function readCall(plaintext: Buffer): DeviceCall | undefined {
  // JSON has no NUL: what stands behind the first one is the end of a C string, or garbage.
  const [text = ''] = plaintext.toString('utf8').split('\0', 1);
  const value = parseJson(text) ?? parseJson(repairJson(text));
  if (!isRecord(value) || isDeeperThan(value, MAX_DEPTH)) return undefined;
  const { id, method, params } = value;
  if (typeof method !== 'string' || !isId(id)) return undefined;
  return { id, method, params: withoutPrototypes(params) };
}

function isId(id: unknown): id is number {
  return typeof id === 'number' && Number.isInteger(id) && id >= 0 && id <= MAX_ID;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
