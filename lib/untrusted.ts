/** JSON from a peer that may be hostile (pure). */

export type Json = Record<string, unknown>;

/** Deeper nesting is an attack on whoever walks or copies the value. */
export const MAX_DEPTH = 32;

export function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  // A device's list of texts is walked in no time, and not copied.
  const items: unknown[] = Array.isArray(value) ? value : Object.values(value);
  for (const item of items) {
    if (typeof item === 'object' && isDeeperThan(item, levels - 1)) return true;
  }
  return false;
}

/**
 * The same without any key `__proto__`, which would become a prototype where a flow copies the object by hand. To be
 * called for what is not deeper than `MAX_DEPTH`.
 */
export function withoutPrototypes<Value>(value: Value): Value;
export function withoutPrototypes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutPrototypes(item));
  if (!isRecord(value)) return value;
  const entries = Object.entries(value).filter(([key]) => key !== '__proto__');
  return Object.fromEntries(entries.map(([key, item]) => [key, withoutPrototypes(item)]));
}
