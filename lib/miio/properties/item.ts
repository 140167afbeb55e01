/** One property on its way to the device and back (pure). */

export interface Item {
  /** The user's word for it. */
  name: string;
  /** The device's word for it: `2.1` (siid and piid), or the name of a classic property. */
  key: string;
  /** What stands for it among the params of a request. */
  param: unknown;
}

/** An item to be set. */
export interface Assignment extends Item {
  value: unknown;
}

/** What became of an item: its value, or why there is none. */
export type Outcome = { value: unknown } | { code: number | string };

/** By name. A name that is missing was not answered. */
export type Outcomes = Map<string, Outcome>;

/** True for the many ways in which devices say that all is done: "ok", ["OK"], 0, ["0"], []. */
export function confirms(result: unknown): boolean {
  if (Array.isArray(result)) return result.every((part) => !Array.isArray(part) && confirms(part));
  return result === 0 || (typeof result === 'string' && /^(ok|0)$/i.test(result.trim()));
}
