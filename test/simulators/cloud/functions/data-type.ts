/**
 * Does a value fit a data type of the TSL (pure)?
 *
 *   {"type":"int|float|double","specs":{"min":"0","max":"100"}}    {"type":"bool|enum","specs":{"0":"off","1":"on"}}
 *   {"type":"text","specs":{"length":"64"}}    {"type":"date"}     {"type":"struct","specs":[{"identifier","dataType"}]}
 *   {"type":"array","specs":{"size":"8","item":{"type":"int"}}}
 *
 * Source: reference/aliyun.md 3.3, 3.4; which code stands for which type (3.5, 63xx) is not confirmed.
 */
import { isObject, type JsonObject } from '../alink';

/** The code of the first thing that is wrong, or null. A type that is not known takes anything. */
export function violation(dataType: unknown, value: unknown): number | null {
  const { type, specs } = isObject(dataType) ? dataType : {};
  const limits = isObject(specs) ? specs : {};
  switch (type) {
    case 'int':
      return Number.isInteger(value) && isWithin(limits, value) && isInt32(value) ? null : 6306;
    case 'float':
    case 'double':
      return typeof value === 'number' && isWithin(limits, value) ? null : 6307;
    case 'bool':
      return value === 0 || value === 1 ? null : 6308;
    case 'enum':
      return Object.hasOwn(limits, String(value)) && Number.isInteger(value) ? null : 6309;
    case 'text':
      return typeof value === 'string' && value.length <= Number(limits.length ?? Infinity) ? null : 6310;
    case 'date':
      return typeof value === 'string' && /^\d+$/.test(value) ? null : 6311;
    case 'struct':
      return structViolation(specs, value);
    case 'array':
      return arrayViolation(limits, value);
  }
  return null;
}

function isWithin({ min = -Infinity, max = Infinity }: JsonObject, value: unknown): boolean {
  return Number(value) >= Number(min) && Number(value) <= Number(max);
}

function isInt32(value: unknown): boolean {
  return Number(value) === (Number(value) | 0);
}

function structViolation(specs: unknown, value: unknown): number | null {
  if (!isObject(value) || !Array.isArray(specs)) return 6312;
  const members = specs.filter(isObject);
  for (const [name, member] of Object.entries(value)) {
    const known = members.find(({ identifier }) => identifier === name);
    const code = known ? violation(known.dataType, member) : 6312;
    if (code !== null) return code;
  }
  return null;
}

function arrayViolation({ size = Infinity, item }: JsonObject, value: unknown): number | null {
  if (!Array.isArray(value) || value.length > Number(size)) return 6313;
  for (const member of value) {
    const code = violation(item, member);
    if (code !== null) return code;
  }
  return null;
}
