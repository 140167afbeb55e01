/**
 * A property of a device, in one of the two dialects that devices speak (pure).
 *
 *   MIoT      get_properties [{did, siid, piid}]       set_properties [{did, siid, piid, value}]
 *   classic   get_prop ["power", "bright"]             set_power ["on"]
 *
 * `name` is the user's own word for it: the key of its value in a payload.
 */
export type Property = MiotProperty | ClassicProperty;

export interface MiotProperty {
  name: string;
  /** Number of the service. */
  siid: number;
  /** Number of the property inside it. */
  piid: number;
  /** As its spec says. Where it is `bool`, an answer of 0, 1 or "true" becomes true or false. */
  format?: string;
  /** As its spec says. Without `notify` the device never reports it of its own accord. */
  access?: readonly string[];
}

export interface ClassicProperty {
  name: string;
  /** Another one than `get_prop` or `set_<name>`. One that begins with `set_` does not read, with `get_` not write. */
  method?: string;
}

/** A property and the value that it shall have. */
export interface Change {
  property: Property;
  /** Of a classic property an array is taken as all params of its method. */
  value: unknown;
}

/** Why there is no value for a name. */
export interface ItemError {
  /** The device's own, such as -4003; or `TIMEOUT`, `CODEC`, or another text of an error's `code`. */
  code: number | string;
  message: string;
}

/** Every name that was asked for is in one of the two. */
export interface PropertyAnswer {
  /** Name -> value; null is a value. Of a set: what was accepted. */
  values: Record<string, unknown>;
  errors: Record<string, ItemError>;
}

const WORDS = new Map<unknown, boolean>([
  [true, true],
  [1, true],
  ['1', true],
  ['true', true],
  ['on', true],
  [false, false],
  [0, false],
  ['0', false],
  ['false', false],
  ['off', false],
]);

export function isMiot(property: Property): property is MiotProperty {
  return 'siid' in property;
}

/** The truth that devices and people write as true, 1, "1", "true" or "on"; undefined for anything else. */
export function asBoolean(value: unknown): boolean | undefined {
  return WORDS.get(typeof value === 'string' ? value.trim().toLowerCase() : value);
}
