/**
 * Which properties a flow means: those in the table of a node, or those that a message names (pure).
 *
 *   "light:on"  {name, siid, piid}  {name, method}  {name}        numbers may come as text
 *
 * A name alone is a property of the spec if there is one, else a classic property.
 */
import { MialinkError } from '../lib/errors';
import { isDestructive } from '../lib/miio/destructive';
import type { Change, Property } from '../lib/miio/properties';
import { nearest, type Spec } from '../lib/miio/spec';
import { payloadInvalid, typeOf } from './payload';
import { asNumber, asText, isRecord } from './runtime';

const LARGEST_IID = 65_535;
const RULE = 'a name of its own, alone or with siid and piid, or with the method that reads or writes it';

/**
 * Rows that are blank are left out. `device` is what texts call the device; throws `settingInvalid` or
 * `propertyDestructive`.
 */
export function readTable(device: string, rows: unknown): Property[] {
  if (rows === undefined || rows === '') return [];
  if (!Array.isArray(rows)) throw invalid(device, 'properties', 'a list', typeOf(rows));
  const properties: Property[] = [];
  for (const [index, row] of rows.entries()) {
    if (isBlank(row)) continue;
    refuseDestructive(device, row);
    const property = readRow(row);
    const isTaken = properties.some(({ name }) => name === property?.name);
    if (!property || isTaken) throw invalid(device, `properties, row ${index + 1}`, RULE, textOf(row));
    properties.push(property);
  }
  return properties;
}

/** What to read; throws propertiesMissing, or what the spec has against it. */
export function propertiesToGet(device: string, properties: Property[], spec: Spec | undefined): Property[] {
  if (properties.length === 0) throw new MialinkError('propertiesMissing', { device });
  return spec ? spec.resolve(properties, 'read') : properties;
}

/**
 * What to set: `values` are `{name: value}`, and their names those of `properties`, if there are any. Throws
 * payloadInvalid, propertyUnknown, or what the spec has against it.
 */
export function changesToSet(
  device: string,
  properties: Property[],
  spec: Spec | undefined,
  values: unknown,
): Change[] {
  const entries = isRecord(values) ? Object.entries(values) : [];
  if (entries.length === 0 || entries.some(([, value]) => value === undefined)) {
    throw payloadInvalid(device, 'set', 'an object {name: value}', values);
  }
  const names = entries.map(([name]) => name);
  const named = properties.length > 0 ? rowsOf(device, properties, names) : readTable(device, names);
  const resolved = spec ? spec.resolve(named, 'write') : named;
  return resolved.map((property, index) => {
    const value = entries[index]?.[1];
    return { property, value: spec ? spec.check(property, value) : value };
  });
}

/** The rows of these names, in their order. */
function rowsOf(device: string, properties: Property[], names: string[]): Property[] {
  const known = properties.map(({ name }) => name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    const near = new Set(unknown.flatMap((name) => nearest(name, known)));
    const values = { device, names: unknown.join(', '), known: [...near].join(', ') };
    throw new MialinkError('propertyUnknown', values);
  }
  return names.flatMap((wanted) => properties.filter(({ name }) => name === wanted));
}

/** What is destructive is for miio-command alone. */
function refuseDestructive(device: string, row: unknown): void {
  const method = isRecord(row) ? asText(row.method) : '';
  if (isDestructive(method)) throw new MialinkError('propertyDestructive', { device, method });
}

/** Undefined for what is no property. */
function readRow(row: unknown): Property | undefined {
  const { name: given, siid: service, piid: number, method: word } = isRecord(row) ? row : { name: row };
  const name = asText(given);
  const method = asText(word);
  const [siid, piid] = [asNumber(service), asNumber(number)];
  // `__proto__` would be no property of the payload, but its prototype.
  if (name === '' || name === '__proto__') return undefined;
  if (siid === undefined && piid === undefined) return method === '' ? { name } : { name, method };
  return isIid(siid) && isIid(piid) && method === '' ? { name, siid, piid } : undefined;
}

function isIid(value: number | undefined): value is number {
  return value !== undefined && Number.isInteger(value) && value >= 1 && value <= LARGEST_IID;
}

/** As the editor leaves a row that nobody has filled in. */
function isBlank(row: unknown): boolean {
  return isRecord(row) && Object.values(row).every((value) => value === '');
}

function textOf(row: unknown): string {
  return (JSON.stringify(row) ?? typeof row).slice(0, 80);
}

function invalid(device: string, field: string, rule: string, value: string): MialinkError {
  return new MialinkError('settingInvalid', { device, field, rule, value });
}
