/** The names that somebody who mistyped one may have meant (pure). */

const SUGGESTIONS = 3;
/** A longer name is no typing error. */
const LONGEST_NAME = 200;

/** The few of `names` that are nearest to one that is not among them, the nearest first. */
export function nearest(unknown: string, names: readonly string[]): string[] {
  const wanted = unknown.trim().toLowerCase().slice(0, LONGEST_NAME);
  return names
    .map((name) => ({ name, far: name.includes(wanted) ? 0 : distance(wanted, name) }))
    .sort((one, other) => one.far - other.far)
    .slice(0, SUGGESTIONS)
    .map(({ name }) => name);
}

/** How many letters must be changed, added or taken away (Levenshtein). */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [index, letter] of [...one].entries()) {
    const next = [index + 1];
    for (let column = 1; column <= other.length; column++) {
      const changed = (row[column - 1] ?? 0) + (letter === other[column - 1] ? 0 : 1);
      next.push(Math.min(changed, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[other.length] ?? 0;
}
