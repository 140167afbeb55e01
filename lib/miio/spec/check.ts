/**
 * Makes the value that a device takes out of what a flow has at hand, or says what would be allowed (pure).
 *
 *   bool         true, false; 1, 0, "on", "off" and the like
 *   value-list   one of its values, or the description of one
 *   intN, float  a number or the text of one, within its range and on its steps
 *   string, hex  text of at most its length
 */
import { asBoolean } from '../properties/property';
import { type ListedValue, numberOf, type PropertyEntry, type Range } from './instance';

/** The value to send, or the rule that it breaks. */
export type Checked = { value: unknown } | { rule: string };

/** What a spec says of the values of a property. */
export type Rules = Pick<PropertyEntry, 'format' | 'range' | 'list' | 'maxLength'>;

const { MAX_SAFE_INTEGER, MIN_SAFE_INTEGER } = Number;
const WHOLE = new Map<string, Range>([
  ['int8', { min: -(2 ** 7), max: 2 ** 7 - 1 }],
  ['int16', { min: -(2 ** 15), max: 2 ** 15 - 1 }],
  ['int32', { min: -(2 ** 31), max: 2 ** 31 - 1 }],
  ['int64', { min: MIN_SAFE_INTEGER, max: MAX_SAFE_INTEGER }],
  ['uint8', { min: 0, max: 2 ** 8 - 1 }],
  ['uint16', { min: 0, max: 2 ** 16 - 1 }],
  ['uint32', { min: 0, max: 2 ** 32 - 1 }],
  ['uint64', { min: 0, max: MAX_SAFE_INTEGER }],
]);
/** Fractions of a step that come from the arithmetic of fractions. */
const TOLERANCE = 1e-6;
const SIGNIFICANT_DIGITS = 12;
/** In the text of an error. */
const MOST_NAMED = 20;

export function checkValue(property: Rules, value: unknown): Checked {
  const { format, range, list, maxLength } = property;
  if (format === 'bool') return checkBoolean(value);
  if (list) return checkListed(list, value);
  if (format === 'string' || format === 'hex') return checkText(format, maxLength, value);
  if (range || format === 'float' || WHOLE.has(format)) return checkNumber(property, value);
  // A format of the maker's: only the device knows.
  return value === undefined || value === null ? { rule: 'a value' } : { value };
}

function checkBoolean(value: unknown): Checked {
  const truth = asBoolean(value);
  return truth === undefined ? { rule: 'true or false' } : { value: truth };
}

/** What stands for two values at once stands for none. */
function checkListed(list: readonly ListedValue[], wanted: unknown): Checked {
  const word = typeof wanted === 'string' ? wanted.trim().toLowerCase() : undefined;
  const number = numberOf(wanted);
  const meant = list.filter(
    ({ value, description }) =>
      value === wanted ||
      value === number ||
      (word !== undefined && word !== '' && description.toLowerCase() === word),
  );
  const [first, ...others] = new Set(meant.map(({ value }) => value));
  return first !== undefined && others.length === 0 ? { value: first } : { rule: `one of ${named(list)}` };
}

function named(list: readonly ListedValue[]): string {
  const names = list
    .slice(0, MOST_NAMED)
    .map(({ value, description }) => (description === '' ? `${value}` : `${value} (${description})`));
  const rest = list.length - names.length;
  return names.join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}

function checkNumber({ format, range }: Rules, wanted: unknown): Checked {
  const limits = range ?? WHOLE.get(format);
  const rule = numberRule(WHOLE.has(format), limits);
  const value = numberOf(wanted);
  if (value === undefined || (WHOLE.has(format) && !Number.isSafeInteger(value))) return { rule };
  if (limits && !isWithin(limits, value)) return { rule };
  return { value: WHOLE.has(format) ? value : Number(value.toPrecision(SIGNIFICANT_DIGITS)) };
}

function isWithin({ min, max, step }: Range, value: number): boolean {
  if (value < min || value > max) return false;
  if (step === undefined) return true;
  const steps = (value - min) / step;
  return Math.abs(steps - Math.round(steps)) < TOLERANCE;
}

function numberRule(whole: boolean, limits: Range | undefined): string {
  const number = whole ? 'a whole number' : 'a number';
  if (!limits) return number;
  const steps =
    limits.step === undefined || (whole && limits.step === 1) ? '' : ` in steps of ${limits.step}`;
  return `${number} from ${limits.min} to ${limits.max}${steps}`;
}

function checkText(format: 'string' | 'hex', maxLength: number | undefined, wanted: unknown): Checked {
  const kind = format === 'hex' ? 'hexadecimal digits' : 'text';
  const rule = maxLength === undefined ? kind : `${kind} of at most ${maxLength} characters`;
  const value = typeof wanted === 'number' ? String(wanted) : wanted;
  if (typeof value !== 'string' || value.length > (maxLength ?? value.length)) return { rule };
  return format === 'hex' && !/^[\da-f]*$/i.test(value) ? { rule } : { value };
}
