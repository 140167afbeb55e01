/** What a flow puts into a payload: bytes, and what an error calls the rest. */
import { types } from 'node:util';
import { MialinkError } from '../lib/errors';
import { isRecord } from './runtime';

/**
 * The error (`payloadInvalid`, CONFIG) of a payload that does not fit: `rule` is what that of `operation` must be, and
 * `device` what texts call the device.
 */
export function payloadInvalid(
  device: string,
  operation: string,
  rule: string,
  payload: unknown,
): MialinkError {
  return new MialinkError('payloadInvalid', { device, operation, rule, type: typeOf(payload) });
}

/** What a payload is, in words for an error. */
export function typeOf(payload: unknown): string {
  if (Array.isArray(payload)) return payload.length === 0 ? 'an empty array' : 'such an array';
  if (isRecord(payload)) return Object.keys(payload).length === 0 ? 'an empty object' : 'such an object';
  if (ArrayBuffer.isView(payload)) return 'a Buffer';
  return payload === null ? 'null' : typeof payload;
}

/** A Buffer or a Uint8Array, also one out of a function node's sandbox; undefined for what is no bytes. */
export function bytesIn(payload: unknown): Buffer | undefined {
  if (Buffer.isBuffer(payload)) return payload;
  return types.isUint8Array(payload) ? Buffer.from(payload) : undefined;
}
