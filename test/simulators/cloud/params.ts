/** Readers of `params` (pure): each gives what was asked for, or refuses. */
import { isObject, type JsonObject, Refusal } from './alink';

export function object(value: unknown): JsonObject {
  if (!isObject(value)) throw new Refusal(460, 'params: an object was expected');
  return value;
}

export function array(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new Refusal(460, 'params: an array was expected');
  return value;
}

/** Text that matches `form`; `what` is its name in the refusal. */
export function text(value: unknown, form: RegExp, what: string): string {
  if (typeof value !== 'string' || !form.test(value)) throw new Refusal(460, `params: ${what} is malformed`);
  return value;
}

/** Refuses with `code` where there is more of `what` than allowed. */
export function limit(count: number, most: number, code: number, what: string): void {
  if (count > most) throw new Refusal(code, `${count} ${what}, ${most} are allowed`);
}
