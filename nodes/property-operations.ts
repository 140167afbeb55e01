/** What aliyun-property does for `msg.operation`, and the shape of the payload that each operation takes. */
import type { AliyunDevice, Posted, PostOptions } from '../lib/aliyun';
import { MialinkError } from '../lib/errors';
import { isRecord } from './runtime';

type Operation = (device: AliyunDevice, payload: unknown, options: PostOptions) => Promise<Posted>;

const OPERATIONS: Record<string, Operation> = {
  post: (device, payload, options) => {
    const properties = check(device, 'post', payload, isProperties, 'an object {identifier: value}');
    return device.postProperties(properties, options);
  },
  history: (device, payload, options) => {
    const sets = check(device, 'history', payload, isHistory, 'an array of {identifier: {value, time}}');
    return device.postHistory(sets, options);
  },
  batch: (device, payload, options) => {
    const series = check(device, 'batch', payload, isBatch, 'an object {identifier: [{value, time}, ...]}');
    return device.postBatch(series, options);
  },
  'desired.get': (device, payload) => {
    const identifiers = check(device, 'desired.get', payload, isIdentifiers, 'an array of identifiers');
    return device.getDesired(identifiers);
  },
  'desired.delete': (device, payload) => {
    const wishes = check(device, 'desired.delete', payload, isWishes, 'an object {identifier: {version?}}');
    return device.deleteDesired(wishes);
  },
};

/** Throws `operationUnknown` or `payloadInvalid`, which name what would be right. */
export function operateOnProperties(
  device: AliyunDevice,
  name: string,
  payload: unknown,
  options: PostOptions = {},
): Promise<Posted> {
  const operation = Object.hasOwn(OPERATIONS, name) ? OPERATIONS[name] : undefined;
  if (operation) return operation(device, payload, options);
  const known = Object.keys(OPERATIONS).join(', ');
  throw new MialinkError('operationUnknown', { device: device.label, operation: name, known });
}

function check<Payload>(
  device: AliyunDevice,
  operation: string,
  payload: unknown,
  fits: (payload: unknown) => payload is Payload,
  rule: string,
): Payload {
  if (fits(payload)) return payload;
  throw new MialinkError('payloadInvalid', { device: device.label, operation, rule, type: typeOf(payload) });
}

/** What a payload is, in words for an error. */
export function typeOf(payload: unknown): string {
  if (Array.isArray(payload)) return payload.length === 0 ? 'an empty array' : 'such an array';
  if (isRecord(payload)) return Object.keys(payload).length === 0 ? 'an empty object' : 'such an object';
  if (Buffer.isBuffer(payload)) return 'a Buffer';
  return payload === null ? 'null' : typeof payload;
}

function isProperties(payload: unknown): payload is Record<string, unknown> {
  return isRecord(payload) && Object.keys(payload).length > 0;
}

function isTimed(value: unknown): boolean {
  return isRecord(value) && 'value' in value && typeof value.time === 'number';
}

function isHistory(payload: unknown): payload is Record<string, unknown>[] {
  return (
    Array.isArray(payload) &&
    payload.length > 0 &&
    payload.every((set) => isProperties(set) && Object.values(set).every(isTimed))
  );
}

function isBatch(payload: unknown): payload is Record<string, unknown> {
  return (
    isProperties(payload) &&
    Object.values(payload).every((series) => Array.isArray(series) && series.every(isTimed))
  );
}

function isIdentifiers(payload: unknown): payload is string[] {
  return Array.isArray(payload) && payload.every((identifier) => typeof identifier === 'string');
}

function isWishes(payload: unknown): payload is Record<string, { version?: number }> {
  const isWish = (wish: unknown) =>
    isRecord(wish) && (wish.version === undefined || typeof wish.version === 'number');
  return isProperties(payload) && Object.values(payload).every(isWish);
}
