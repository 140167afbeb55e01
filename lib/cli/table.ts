/** Columns for a person who looks (pure). A Chinese character is two columns wide, an accent none. */
import { printable } from './printable';

const GAP = '  ';
const WIDE =
  /\p{Script=Han}|\p{Script=Hangul}|\p{Script=Hiragana}|\p{Script=Katakana}|[\uff01-\uff60\u3000-\u303f]|\p{Emoji_Presentation}/u;
const ZERO = /\p{Mark}|\p{Format}/u;

/** One line for each row under the line of the heads; columns in which no row has anything are left out. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const columns = heads
    .map((head, index) => [head.toUpperCase(), ...rows.map((row) => printable(row[index] ?? ''))])
    .filter(([, ...cells]) => cells.some((cell) => cell !== ''));
  const padded = columns.map((cells) => {
    const width = Math.max(...cells.map(columnsOf));
    return cells.map((cell) => cell + ' '.repeat(width - columnsOf(cell)));
  });
  return lines(padded, rows.length + 1);
}

/** A name and its value on each line; what has no value is left out. */
export function list(entries: readonly (readonly [string, string])[]): string {
  const shown = entries.filter(([, value]) => value !== '');
  const width = Math.max(0, ...shown.map(([name]) => columnsOf(name)));
  return shown
    .map(([name, value]) => `${name}${' '.repeat(width - columnsOf(name))}${GAP}${printable(value)}`)
    .join('\n');
}

function lines(columns: readonly (readonly string[])[], count: number): string {
  return Array.from({ length: count }, (_, line) =>
    columns
      .map((cells) => cells[line] ?? '')
      .join(GAP)
      .trimEnd(),
  ).join('\n');
}

function columnsOf(value: string): number {
  return [...value].reduce((sum, character) => {
    if (ZERO.test(character)) return sum;
    return sum + (WIDE.test(character) ? 2 : 1);
  }, 0);
}
