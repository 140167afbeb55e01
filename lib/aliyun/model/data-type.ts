/**
 * The data types of a thing model, read out of a TSL (pure).
 *
 *   {"type": "int" | "float" | "double", "specs": {"min": "0", "max": "100", "unit": "%", "step": "1"}}
 *   {"type": "bool" | "enum",            "specs": {"0": "off", "1": "on"}}
 *   {"type": "text",                     "specs": {"length": "64"}}             bytes
 *   {"type": "date",                     "specs": {}}                           text of UTC milliseconds
 *   {"type": "array",                    "specs": {"size": "8", "item": {"type": "int"}}}
 *   {"type": "struct",                   "specs": [{"identifier", "name", "dataType": {…}}, …]}
 *
 * The numbers of the specs are texts, in some exports numbers. `step` is not read: it is how finely the console lets a
 * person set a value, and what a sensor measures lies between the steps, where fractions do not even hit one.
 *
 * Source: Alibaba Cloud IoT Platform, "TSL parameters" and "Supported data types".
 */
import { isRecord, type Json } from '../../untrusted';
import { type Place, readEntries } from './entries';

export type DataType =
  | { type: 'int'; min: number; max: number }
  | { type: 'float' | 'double'; min?: number; max?: number }
  | { type: 'bool' | 'date' | 'any' }
  | { type: 'enum'; values: readonly EnumValue[] }
  | { type: 'text'; maxBytes: number }
  | { type: 'array'; maxItems: number; item: DataType }
  | Struct;

export interface EnumValue {
  value: number | string;
  /** May be empty. */
  name: string;
}

/** A JSON object; the outputs of an event or a service are one too. */
export interface Struct {
  type: 'struct';
  members: ReadonlyMap<string, Member>;
}

export interface Member {
  dataType: DataType;
  required: boolean;
}

/** Of what the model names, but does not describe. */
export const ANY: DataType = { type: 'any' };

const INT32 = { min: -(2 ** 31), max: 2 ** 31 - 1 };
/** Where the specs do not say: what the platform allows. */
const MOST_BYTES = 10_240;
const MOST_ITEMS = 512;
/** How many arrays and structs may be around another, as the platform has it. */
const MOST_NESTED = 2;
const KNOWN = 'int, float, double, bool, enum, text, date, array, struct';

/** Throws `modelInvalid`; `around` is how many arrays and structs it is in. */
export function readDataType(json: unknown, place: Place, around = 0): DataType {
  if (!isRecord(json)) throw place.invalid('is not an object');
  const { type } = json;
  const specs = place.at('specs');
  const isDeep = around > MOST_NESTED && (type === 'array' || type === 'struct');
  if (isDeep) throw place.invalid(`is nested deeper than ${MOST_NESTED} levels`);
  switch (type) {
    case 'int':
    case 'int32':
      return readInt(specsOf(json), specs);
    case 'float':
    case 'double':
      return { type, ...readRange(specsOf(json), specs) };
    case 'bool':
    case 'date':
      return { type };
    case 'enum':
      return { type, values: readEnum(specsOf(json), specs) };
    case 'text':
      return { type, maxBytes: readCount(specsOf(json).length, specs.at('length')) ?? MOST_BYTES };
    case 'array':
      return readArray(specsOf(json), specs, around);
    case 'struct':
      return readStruct(json.specs, specs, around + 1);
    default:
      throw place.at('type').invalid(`is none of ${KNOWN}`);
  }
}

/** Out of a list of `{identifier, dataType, required?}`, which may be missing; throws `modelInvalid`. */
export function readStruct(list: unknown, place: Place, around = 0): Struct {
  const members = readEntries(list, place).map(({ identifier, json, place: at }): [string, Member] => {
    const dataType = readDataType(json.dataType, at.at('dataType'), around);
    return [identifier, { dataType, required: json.required === true }];
  });
  return { type: 'struct', members: new Map(members) };
}

function readArray({ size, item }: Json, place: Place, around: number): DataType {
  const maxItems = readCount(size, place.at('size')) ?? MOST_ITEMS;
  return { type: 'array', maxItems, item: readDataType(item, place.at('item'), around + 1) };
}

/** Numbers where all keys are whole ones, else texts. */
function readEnum(specs: Json, place: Place): EnumValue[] {
  const entries = Object.entries(specs);
  if (entries.length === 0) throw place.invalid('has no values');
  const areNumbers = entries.every(([key]) => /^-?\d{1,10}$/.test(key));
  return entries.map(([key, name]) => ({
    value: areNumbers ? Number(key) : key,
    name: typeof name === 'string' ? name : '',
  }));
}

function readInt(specs: Json, place: Place): DataType {
  const { min = INT32.min, max = INT32.max } = readRange(specs, place);
  return { type: 'int', min, max };
}

function readRange(specs: Json, place: Place): { min?: number; max?: number } {
  const min = readNumber(specs.min, place.at('min'));
  const max = readNumber(specs.max, place.at('max'));
  if (min !== undefined && max !== undefined && min > max) throw place.invalid('has a min above its max');
  return { min, max };
}

function readCount(json: unknown, place: Place): number | undefined {
  const count = readNumber(json, place);
  if (count !== undefined && !(Number.isSafeInteger(count) && count >= 0)) {
    throw place.invalid('is not a whole number');
  }
  return count;
}

/** A number or the text of one; undefined for none. */
function readNumber(json: unknown, place: Place): number | undefined {
  if (json === undefined || json === null || json === '') return undefined;
  const isText = typeof json === 'string' && json.trim() !== '';
  const number = isText ? Number(json) : json;
  if (typeof number !== 'number' || !Number.isFinite(number)) throw place.invalid('is not a number');
  return number;
}

function specsOf({ specs }: Json): Json {
  return isRecord(specs) ? specs : {};
}
