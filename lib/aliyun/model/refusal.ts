/** Why something does not fit the thing model, as errors (pure). */
import { MialinkError } from '../../errors';
import { listed } from './rule';

/** Of what was given, in the text of an error. */
const LONGEST_VALUE = 40;
const LONGEST_IDENTIFIER = 80;

/** `identifier` is the whole path, such as `Color.Red`; `rule` completes "must be …". */
export function violation(device: string, identifier: string, rule: string, value: unknown): MialinkError {
  return new MialinkError('modelViolation', { device, identifier, rule, value: textOf(value) });
}

/** `known` are those that there are of this kind. */
export function unknownIdentifier(
  device: string,
  kind: 'property' | 'event' | 'service' | 'parameter',
  identifier: string,
  known: readonly string[],
): MialinkError {
  return new MialinkError('identifierUnknown', {
    device,
    kind,
    identifier: identifier.slice(0, LONGEST_IDENTIFIER),
    known: listed(known),
  });
}

function textOf(value: unknown): string {
  try {
    const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? typeof value);
    return text.slice(0, LONGEST_VALUE);
  } catch {
    return typeof value;
  }
}
