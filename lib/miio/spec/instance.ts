/**
 * A MIoT spec file: the instance of one model (pure).
 *
 *   {"type": "urn:miot-spec-v2:device:light:0000A001:maker-model:1", "description": "Light", "services": [
 *     {"iid": 2, "type": "urn:<namespace>:service:<name>:...", "description": "...",
 *      "properties": [{"iid": 1, "type": "urn:<namespace>:property:<name>:...", "format": "uint8",
 *        "access": ["read", "write", "notify"], "unit": "percentage",
 *        "value-range": [min, max, step], "value-list": [{"value": 0, "description": "..."}]}],
 *      "actions": [{"iid": 1, "type": "...", "in": [piid], "out": [piid]}],
 *      "events":  [{"iid": 1, "type": "...", "arguments": [piid]}]}]}
 *
 * Real files lack lists, have null for them, steps that are fractions, `str` for `string`, and keys that nobody has
 * explained. Only what is known is read; an entry without a usable number is left out. Source: the specification's
 * format as python-miio and hass-xiaomi-miot read it.
 */
import { isRecord, type Json } from '../../untrusted';

export type Access = 'read' | 'write' | 'notify';

export interface Range {
  min: number;
  max: number;
  /** Undefined: any value between. */
  step?: number;
}

export interface ListedValue {
  value: number | string;
  /** May be empty, and the same for several values. */
  description: string;
}

/** An entry of a service, with the names of both out of their types. */
export interface Entry {
  siid: number;
  iid: number;
  service: string;
  word: string;
  description: string;
}

export interface PropertyEntry extends Entry {
  /** bool, int8 ... uint64, float, string, hex, or a word of the maker's; '' where there is none. */
  format: string;
  /** Undefined: the file does not say. */
  access?: readonly Access[];
  unit?: string;
  range?: Range;
  list?: readonly ListedValue[];
  maxLength?: number;
}

export interface ActionEntry extends Entry {
  /** piids of the same service. */
  in: readonly number[];
  out: readonly number[];
}

export interface EventEntry extends Entry {
  arguments: readonly number[];
}

export interface Instance {
  /** Its URN; the model is in it. */
  type: string;
  description: string;
  properties: PropertyEntry[];
  actions: ActionEntry[];
  events: EventEntry[];
}

/** The largest known are below 300 kB and 500 entries. */
export const MAX_SPEC_BYTES = 2 * 1024 * 1024;
const MAX_ENTRIES = 2_000;
const MAX_LISTED = 1_000;
const MAX_TEXT = 200;
const MAX_WORD = 64;
const MAX_IID = 65_535;

const FORMATS = new Map([
  ['str', 'string'],
  ['none', ''],
]);

/** Why something is no instance. */
export interface Malformed {
  cause: string;
}

/** Reads what JSON.parse gave; never throws. */
export function readInstance(source: unknown): Instance | Malformed {
  if (!isRecord(source)) return { cause: 'it is not a JSON object' };
  if (!Array.isArray(source.services)) return { cause: 'it has no services' };
  const services = numbered(source.services);
  const properties = services.flatMap((service) => entriesOf(service, 'properties', readProperty));
  const actions = services.flatMap((service) => entriesOf(service, 'actions', readAction));
  const events = services.flatMap((service) => entriesOf(service, 'events', readEvent));
  const count = properties.length + actions.length + events.length;
  if (count === 0) return { cause: 'its services have no properties, actions or events' };
  if (count > MAX_ENTRIES) return { cause: `it has more than ${MAX_ENTRIES} entries` };
  return { type: text(source.type), description: text(source.description), properties, actions, events };
}

/** The records with an iid that no other before has. */
function numbered(list: unknown): { iid: number; json: Json }[] {
  if (!Array.isArray(list)) return [];
  const known = new Map<number, { iid: number; json: Json }>();
  for (const json of list.slice(0, MAX_ENTRIES + 1)) {
    const iid = isRecord(json) ? json.iid : undefined;
    if (!isRecord(json) || !isIid(iid) || known.has(iid)) continue;
    known.set(iid, { iid, json });
  }
  return [...known.values()];
}

function entriesOf<One extends Entry>(
  service: { iid: number; json: Json },
  kind: 'properties' | 'actions' | 'events',
  read: (entry: Entry, json: Json) => One,
): One[] {
  return numbered(service.json[kind]).map(({ iid, json }) => {
    const names = { service: wordOf(service.json.type, 'service'), word: wordOf(json.type, 'unnamed') };
    return read({ siid: service.iid, iid, ...names, description: text(json.description) }, json);
  });
}

function readProperty(entry: Entry, json: Json): PropertyEntry {
  const format = text(json.format).trim().toLowerCase();
  const maxLength = json['max-length'];
  return {
    ...entry,
    format: FORMATS.get(format) ?? format,
    access: readAccess(json.access),
    unit: text(json.unit) || undefined,
    range: readRange(json['value-range']),
    list: readList(json['value-list']),
    maxLength: typeof maxLength === 'number' && maxLength > 0 ? maxLength : undefined,
  };
}

function readAction(entry: Entry, json: Json): ActionEntry {
  return { ...entry, in: readIids(json.in), out: readIids(json.out) };
}

function readEvent(entry: Entry, json: Json): EventEntry {
  return { ...entry, arguments: readIids(json.arguments) };
}

function readIids(list: unknown): number[] {
  return Array.isArray(list) ? list.slice(0, MAX_LISTED).filter(isIid) : [];
}

function readAccess(list: unknown): Access[] | undefined {
  if (!Array.isArray(list)) return undefined;
  const all: Access[] = ['read', 'write', 'notify'];
  return all.filter((one) => list.includes(one));
}

function readRange(list: unknown): Range | undefined {
  if (!Array.isArray(list)) return undefined;
  const [min, max, step] = list.map(numberOf);
  if (min === undefined || max === undefined || min > max) return undefined;
  return step === undefined || step <= 0 ? { min, max } : { min, max, step };
}

function readList(list: unknown): ListedValue[] | undefined {
  if (!Array.isArray(list)) return undefined;
  const values = list.slice(0, MAX_LISTED).flatMap((one) => {
    if (!isRecord(one)) return [];
    const value = numberOf(one.value) ?? one.value;
    return typeof value === 'number' || typeof value === 'string'
      ? [{ value, description: text(one.description).trim() }]
      : [];
  });
  return values.length > 0 ? values : undefined;
}

/** `brightness` of `urn:miot-spec-v2:property:brightness:0000000D:maker-model:1`. */
function wordOf(type: unknown, otherwise: string): string {
  const word = text(type).split(':')[3]?.trim().toLowerCase() ?? '';
  return word.length <= MAX_WORD && /^[\p{L}\p{N}._-]+$/u.test(word) ? word : otherwise;
}

function isIid(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= MAX_IID;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, MAX_TEXT) : '';
}

/** Numbers, and the texts of them. */
export function numberOf(value: unknown): number | undefined {
  const isNumeric = typeof value === 'string' && /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(value);
  const number = isNumeric ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}
