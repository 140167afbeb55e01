/**
 * What the entries of a spec are called (pure).
 *
 *   light:brightness             by the words of both
 *   light-2:brightness-3         iids appended, where the words alone mean several
 *   prop.2.3  action.2.1         by the numbers: always unique
 *
 * Each of these is understood, in any case of letters; an entry's own name is the first one that is its alone. The form
 * with a colon and the one with numbers are those of python-miio, node-mihome and hass-xiaomi-miot.
 */
import type { Entry } from './instance';
import { nearest } from './nearest';

export type Kind = 'prop' | 'action' | 'event';

/** An entry with its own name. */
export interface Named extends Entry {
  name: string;
}

/** The entries of a kind, each with the shortest name that means nothing else. */
export function withNames<One extends Entry>(kind: Kind, entries: readonly One[]): (One & Named)[] {
  const owners = new Map<string, number>();
  for (const name of entries.flatMap((entry) => namesOf(kind, entry))) {
    owners.set(name, (owners.get(name) ?? 0) + 1);
  }
  return entries.map((entry) => {
    const own = namesOf(kind, entry).find((name) => owners.get(name) === 1);
    return { ...entry, name: own ?? '' };
  });
}

/** From the shortest to the one that is unique. */
function namesOf(kind: Kind, { service, siid, word, iid }: Entry): string[] {
  return [
    `${service}:${word}`,
    `${service}-${siid}:${word}`,
    `${service}:${word}-${iid}`,
    `${service}-${siid}:${word}-${iid}`,
    `${kind}.${siid}.${iid}`,
  ];
}

/** The entries of a kind by all their names. */
export class Names<One extends Named> {
  private readonly byName = new Map<string, One[]>();

  constructor(
    kind: Kind,
    private readonly entries: readonly One[],
  ) {
    for (const entry of entries) {
      for (const name of namesOf(kind, entry)) {
        this.byName.set(name, [...(this.byName.get(name) ?? []), entry]);
      }
    }
  }

  /** More than one when the name is ambiguous, none when it is unknown. */
  find(name: string): readonly One[] {
    return this.byName.get(name.trim().toLowerCase()) ?? [];
  }

  /** The few names that are nearest to one that is unknown. */
  near(unknown: string): string[] {
    return nearest(
      unknown,
      this.entries.map(({ name }) => name),
    );
  }
}
