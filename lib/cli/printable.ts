/** Texts come from devices and files: nothing in them may steer the terminal, or turn the direction of writing (pure). */
import { stripVTControlCharacters } from 'node:util';

const UNSEEN = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu;
/** JSON.stringify itself escapes the others. */
const UNSEEN_IN_JSON = /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;

/** One line of what can be seen. */
export function printable(text: string): string {
  return stripVTControlCharacters(text).replace(UNSEEN, ' ');
}

/** JSON in which everything can be seen, and which means the same. */
export function printableJson(value: unknown, indent = 0): string {
  const json = JSON.stringify(value, null, indent) ?? 'null';
  return json.replace(UNSEEN_IN_JSON, (character) => {
    const code = character.charCodeAt(0).toString(16).padStart(4, '0');
    return `\\u${code}`;
  });
}
