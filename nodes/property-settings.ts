/** The settings of a miio-property node, checked once at deploy. */
import { MialinkError } from '../lib/errors';
import type { Property } from '../lib/miio/properties';
import { parseSpec, readSpec, type Spec } from '../lib/miio/spec';
import { bytesIn } from './payload';
import { readTable } from './property-table';
import { asNumber, asText, type Message } from './runtime';

export type Mode = 'get' | 'set' | 'watch';

/** As they come from the editor, from an environment variable or from an older flow. */
export interface PropertyFields {
  mode?: string;
  properties?: unknown;
  interval?: string | number;
  spec?: unknown;
}

export interface PropertySettings {
  /** As it is in the node: the spec has not been asked. */
  table: Property[];
  /** Undefined: there is none in the node. */
  spec: Spec | undefined;
  intervalMs: number;
}

const DEFAULT_INTERVAL_S = 30;
const LONGEST_INTERVAL_S = 1_000_000;

/** Get, where it is blank or nonsense: reading does no harm. */
export function modeOf({ mode }: PropertyFields): Mode {
  return mode === 'set' || mode === 'watch' ? mode : 'get';
}

/** `device` is what texts call the device. Rejects with the MialinkError that says which setting is wrong. */
export async function readSettings(device: string, fields: PropertyFields): Promise<PropertySettings> {
  const mode = modeOf(fields);
  const table = readTable(device, fields.properties);
  const spec = await specOf(device, fields.spec);
  spec?.resolve(table, mode === 'set' ? 'write' : 'read');
  if (mode === 'watch' && table.length === 0) throw new MialinkError('propertiesMissing', { device });
  return { table, spec, intervalMs: mode === 'watch' ? intervalOf(device, fields) : 0 };
}

/** The spec of a message: as `specOf` takes it; undefined: it has none. */
export function specOfMessage(device: string, { spec }: Message): Promise<Spec | undefined> {
  return specOf(device, spec);
}

/** From an object, its text or the bytes of that, or the path of its file; undefined for a blank, else it rejects. */
async function specOf(device: string, source: unknown): Promise<Spec | undefined> {
  const text = asText(source);
  if (text !== '') return readSpec(text, device);
  if (source === undefined || source === null || typeof source === 'string') return undefined;
  return parseSpec(bytesIn(source)?.toString() ?? source, device);
}

function intervalOf(device: string, { interval }: PropertyFields): number {
  const seconds = asNumber(interval) ?? DEFAULT_INTERVAL_S;
  if (seconds >= 1 && seconds <= LONGEST_INTERVAL_S) return Math.round(seconds * 1_000);
  const rule = `a number of seconds from 1 to ${LONGEST_INTERVAL_S}`;
  throw new MialinkError('settingInvalid', { device, field: 'interval', rule, value: asText(interval) });
}
