/** What aliyun-property does for `msg.operation`, and the shape of the payload that each operation takes. */
import { types } from 'node:util';
import type { AliyunDevice, Posted, PostOptions } from '../lib/aliyun';
import { asMilliseconds } from '../lib/aliyun/model/convert';
import { isTimed } from '../lib/aliyun/timed';
import { operationNamed } from './aliyun-request';
import { payloadInvalid } from './payload';
import { isRecord } from './runtime';

type Operation = (device: AliyunDevice, payload: unknown, options: PostOptions) => Promise<Posted>;

const OPERATIONS: Record<string, Operation> = {
  post: (device, payload, options) => {
    const properties = check(device, 'post', payload, isProperties, 'an object {identifier: value}');
    return device.postProperties(eachOf(properties, inMilliseconds), options);
  },
  history: (device, payload, options) => {
    const sets = check(device, 'history', payload, isHistory, 'an array of {identifier: {value, time}}');
    return device.postHistory(
      sets.map((set) => eachOf(set, inMilliseconds)),
      options,
    );
  },
  batch: (device, payload, options) => {
    const series = check(device, 'batch', payload, isBatch, 'an object {identifier: [{value, time}, ...]}');
    return device.postBatch(
      eachOf(series, (values) => values.map(inMilliseconds)),
      options,
    );
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
  return operationNamed(device, OPERATIONS, name)(device, payload, options);
}

function check<Payload>(
  device: AliyunDevice,
  operation: string,
  payload: unknown,
  fits: (payload: unknown) => payload is Payload,
  rule: string,
): Payload {
  if (fits(payload)) return payload;
  throw payloadInvalid(device.label, operation, rule, payload);
}

function isProperties(payload: unknown): payload is Record<string, unknown> {
  return isRecord(payload) && Object.keys(payload).length > 0;
}

function hasTime(value: unknown): boolean {
  return isRecord(value) && 'value' in value && asMilliseconds(value.time) !== undefined;
}

function eachOf<Value, Result>(
  values: Record<string, Value>,
  change: (value: Value) => Result,
): Record<string, Result> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value)]));
}

/** A flow has a Date at hand, the cloud takes milliseconds. */
function inMilliseconds(given: unknown): unknown {
  if (!isTimed(given) || !types.isDate(given.time)) return given;
  return { ...given, time: asMilliseconds(given.time) };
}

function isHistory(payload: unknown): payload is Record<string, unknown>[] {
  return (
    Array.isArray(payload) &&
    payload.length > 0 &&
    payload.every((set) => isProperties(set) && Object.values(set).every(hasTime))
  );
}

function isBatch(payload: unknown): payload is Record<string, unknown[]> {
  return (
    isProperties(payload) &&
    Object.values(payload).every((series) => Array.isArray(series) && series.every(hasTime))
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
