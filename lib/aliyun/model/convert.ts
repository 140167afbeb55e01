/**
 * Makes what the cloud takes out of what a flow has at hand (pure):
 *
 *   bool   true, false                 1, 0
 *   date   a Date, or a whole number   text of its milliseconds
 *
 * within arrays and structs too, in a copy. All else stays as it is, and what does not fit is left to the check: the
 * text "21" is no number, since nobody knows whether it was meant as one.
 */
import { types } from 'node:util';
import { isRecord, type Json } from '../../untrusted';
import type { DataType, Struct } from './data-type';

export function convert(dataType: DataType, value: unknown): unknown {
  switch (dataType.type) {
    case 'bool':
      return typeof value === 'boolean' ? Number(value) : value;
    case 'date':
      return typeof value === 'string' ? value : (asMilliseconds(value)?.toString() ?? value);
    case 'array':
      return Array.isArray(value) ? convertItems(dataType.item, value) : value;
    case 'struct':
      return isRecord(value) ? convertMembers(dataType, value) : value;
    default:
      return value;
  }
}

/** Milliseconds since 1970 of a Date, also of one out of a function node's sandbox, or of a number of them. */
export function asMilliseconds(value: unknown): number | undefined {
  const ms = types.isDate(value) ? value.getTime() : value;
  return typeof ms === 'number' && Number.isSafeInteger(ms) ? ms : undefined;
}

function convertItems(dataType: DataType, items: unknown[]): unknown[] {
  const converted = items.map((item) => convert(dataType, item));
  return converted.some((item, index) => item !== items[index]) ? converted : items;
}

function convertMembers({ members }: Struct, value: Json): Json {
  let copy: Json | undefined;
  for (const [name, { dataType }] of members) {
    const member = Object.hasOwn(value, name) ? value[name] : undefined;
    const converted = convert(dataType, member);
    if (converted === member) continue;
    // A key `__proto__` stays a key, and is refused as an unknown one; no member has this name.
    copy ??= { ...value };
    copy[name] = converted;
  }
  return copy ?? value;
}
