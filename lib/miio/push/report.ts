/**
 * What a MIoT device reports to its subscribers. Pure.
 *
 *   properties_changed   params [{did, siid, piid, value}, ...]
 *   event_occured        params {did, siid, eiid, arguments: [{piid, value}, ...]}      (spelt so by the devices)
 *
 * Both are acknowledged with `result: {code: 0}`. Source: the observed behaviour of ha_xiaomi_home.
 */
import { isRecord } from '../../untrusted';
import type { DeviceCall } from './call';

/** A property has a new value, or the device tells the old one again. */
export interface PropertyReport {
  siid: number;
  piid: number;
  value: unknown;
}

/** Something has happened, such as a key pressed. */
export interface EventReport {
  siid: number;
  eiid: number;
  arguments: { piid: number; value: unknown }[];
}

export type Report =
  | { kind: 'properties'; properties: PropertyReport[] }
  | { kind: 'event'; event: EventReport };

/** Undefined for what is no report. Items that are none are left out. */
export function readReport({ method, params }: DeviceCall): Report | undefined {
  if (method === 'properties_changed') return { kind: 'properties', properties: readProperties(params) };
  if (method !== 'event_occured' || !isRecord(params)) return undefined;
  const { siid, eiid } = params;
  if (!isIid(siid) || !isIid(eiid)) return undefined;
  return { kind: 'event', event: { siid, eiid, arguments: readArguments(params.arguments) } };
}

export function encodeAcknowledgement(id: number): Buffer {
  return Buffer.from(JSON.stringify({ id, result: { code: 0 } }));
}

function readProperties(params: unknown): PropertyReport[] {
  return recordsIn(params).flatMap(({ siid, piid, value }) =>
    isIid(siid) && isIid(piid) && value !== undefined ? [{ siid, piid, value }] : [],
  );
}

function readArguments(list: unknown): EventReport['arguments'] {
  return recordsIn(list).flatMap(({ piid, value }) =>
    isIid(piid) && value !== undefined ? [{ piid, value }] : [],
  );
}

function recordsIn(list: unknown): Record<string, unknown>[] {
  return Array.isArray(list) ? list.filter(isRecord) : [];
}

function isIid(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1;
}
