/** Lists of a TSL: `[{"identifier": "Brightness", …}, …]`, and where in it something is wrong (pure). */
import { MialinkError } from '../../errors';
import { isRecord, type Json } from '../../untrusted';

/** Where something is, for the text of an error, such as `properties.Color.dataType.specs.Red`. */
export class Place {
  /** `device` is what texts call the device. */
  constructor(
    private readonly device: string,
    private readonly path = '',
  ) {}

  /** The member of this name, or the item of this number. */
  at(step: string | number): Place {
    const dot = this.path === '' ? '' : '.';
    return new Place(this.device, this.path + (typeof step === 'number' ? `[${step}]` : dot + step));
  }

  /** Why it cannot be used, such as `is not a number`. */
  invalid(fault: string): MialinkError {
    return new MialinkError('modelInvalid', {
      device: this.device,
      cause: `${this.path === '' ? 'it' : this.path} ${fault}`,
    });
  }
}

export interface Entry {
  identifier: string;
  json: Json;
  place: Place;
}

/** Letters, digits and underscores; with dots where a vendor adds his own, such as `_LivingLink.activation`. */
const IDENTIFIER = /^(?!__proto__$)\w+(\.\w+)*$/;
const LONGEST_IDENTIFIER = 100;

/** The entries of a list, which may be missing; throws `modelInvalid`, also for an identifier that is there twice. */
export function readEntries(list: unknown, place: Place): Entry[] {
  if (list === undefined || list === null) return [];
  if (!Array.isArray(list)) throw place.invalid('is not a list');
  const known = new Set<string>();
  return list.map((json: unknown, index) => {
    if (!isRecord(json)) throw place.at(index).invalid('is not an object');
    const { identifier } = json;
    if (!isIdentifier(identifier)) throw place.at(index).at('identifier').invalid('is not an identifier');
    if (known.has(identifier)) throw place.at(identifier).invalid('is there twice');
    known.add(identifier);
    return { identifier, json, place: place.at(identifier) };
  });
}

export function isIdentifier(value: unknown): value is string {
  return typeof value === 'string' && value.length <= LONGEST_IDENTIFIER && IDENTIFIER.test(value);
}
