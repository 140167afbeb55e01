/** What the program says, in the words of `locales/`; `__name__` in a text is replaced by the value of that name. */
import texts from './locales/en-US.json';

export type TextKey = keyof typeof texts;
export type Values = Record<string, string | number>;

export function text(key: TextKey, values: Values = {}): string {
  return texts[key].replace(/__(\w+)__/g, (whole, name: string) => String(values[name] ?? whole));
}

/** A command line that is not understood; its message is for the person who typed it. */
export class UsageError extends Error {
  constructor(
    readonly key: TextKey,
    values: Values = {},
  ) {
    super(text(key, values));
  }
}
