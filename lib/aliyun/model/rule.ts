/** What a data type allows, in words that complete "must be …" (pure). */
import type { DataType, EnumValue } from './data-type';

const MOST_NAMED = 20;
const LONGEST_NAME = 40;

export function ruleOf(dataType: DataType): string {
  switch (dataType.type) {
    case 'int':
      return `a whole number${rangeOf(dataType)}`;
    case 'float':
    case 'double':
      return `a number${rangeOf(dataType)}`;
    case 'bool':
      return 'true or false (1 or 0)';
    case 'enum':
      return `one of ${listed(dataType.values.map(valueWithName))}`;
    case 'text':
      return `text of at most ${dataType.maxBytes} bytes in UTF-8`;
    case 'date':
      return 'a Date or the milliseconds since 1970';
    case 'array':
      return `a list of at most ${dataType.maxItems}`;
    case 'struct':
      return `an object with ${listed([...dataType.members.keys()])}`;
    case 'any':
      return 'a value';
  }
}

/** The first of them, and how many there are more; `none` for none. */
export function listed(names: readonly string[]): string {
  const rest = names.length - MOST_NAMED;
  const first = names.slice(0, MOST_NAMED).join(', ');
  return rest > 0 ? `${first} and ${rest} more` : first || 'none';
}

function rangeOf({ min, max }: { min?: number; max?: number }): string {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`;
  if (min !== undefined) return ` of at least ${min}`;
  return max === undefined ? '' : ` of at most ${max}`;
}

function valueWithName({ value, name }: EnumValue): string {
  const shown = String(value).slice(0, LONGEST_NAME);
  return name === '' ? shown : `${shown} (${name.slice(0, LONGEST_NAME)})`;
}
