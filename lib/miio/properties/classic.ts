/**
 * Properties of devices that do not speak MIoT (pure).
 *
 *   get_prop ["power", "bright"]  -> ["on", 80]            values in the order of the names
 *   get_status []                 -> [{"state": 8, ...}]   a method of its own: values by name, or one bare value
 *   set_power ["on"]              -> ["ok"]
 *
 * Names that the device does not know come back as null, "" or "null", or are left out, so that positions mean nothing
 * any more. Null and "" stay what they are, since both can be real; "null" becomes null. Source: python-miio,
 * node-mihome, and the field reports on their trackers.
 */
import { isRecord } from '../../untrusted';
import { confirms, type Item, type Outcome, type Outcomes } from './item';
import type { ClassicProperty } from './property';

export const GET_PROP = 'get_prop';

/** Of an answer in the text of an error. */
const LONGEST_ANSWER = 80;

export function itemToAsk({ name }: ClassicProperty): Item {
  return { name, key: name, param: name };
}

/** The method that reads it. */
export function readMethod({ method }: ClassicProperty): string {
  return method && !method.startsWith('set_') ? method : GET_PROP;
}

/** The method that writes it. */
export function writeMethod({ name, method }: ClassicProperty): string {
  return method && !method.startsWith('get_') ? method : `set_${name}`;
}

/** Reads an answer to get_prop; undefined when it cannot be said which value is whose. */
export function outcomesOfGetProp(result: unknown, items: readonly Item[]): Outcomes | undefined {
  const names = items.map(({ name }) => name);
  if (isRecord(result)) return byName(result, names);
  return Array.isArray(result) ? byPosition(result, names) : undefined;
}

/** Reads the answer of a method of its own; undefined when it cannot be said which value is whose. */
export function outcomesOfMethod(result: unknown, names: readonly string[]): Outcomes | undefined {
  const first: unknown = Array.isArray(result) && result.length === 1 ? result[0] : result;
  if (isRecord(first)) return byName(first, names);
  return byPosition(Array.isArray(result) ? result : [result], names);
}

/** What became of a `set_<name>`: failures come as ["error"], [300, "error"] or -1 inside a success. */
export function outcomeOfSet(result: unknown, value: unknown): Outcome {
  if (confirms(result)) return { value };
  const first: unknown = Array.isArray(result) ? result[0] : result;
  return { code: typeof first === 'number' ? first : textOf(first) };
}

function textOf(answer: unknown): string {
  const text = typeof answer === 'string' ? answer : JSON.stringify(answer);
  return text.slice(0, LONGEST_ANSWER);
}

function byName(values: Record<string, unknown>, names: readonly string[]): Outcomes {
  const known = names.filter((name) => Object.hasOwn(values, name));
  return new Map(known.map((name) => [name, { value: values[name] }]));
}

function byPosition(values: readonly unknown[], names: readonly string[]): Outcomes | undefined {
  if (values.length !== names.length) return undefined;
  return new Map(
    names.map((name, index) => [name, { value: values[index] === 'null' ? null : values[index] }]),
  );
}
