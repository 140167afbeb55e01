/** Lists that keep the last entries only, so that a cloud may run for days. */
const MOST = 1000;

/** Adds to the end; past 1000 entries (or `most`) the oldest go. */
export function append<Entry>(list: Entry[], entry: Entry, most = MOST): void {
  list.push(entry);
  if (list.length > most) list.shift();
}
