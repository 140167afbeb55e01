/** The newest value or error of each property, and what differs from it (pure). */
import { isDeepStrictEqual } from 'node:util';
import type { ItemError, PropertyAnswer } from './property';

type Outcome = { value: unknown } | { error: ItemError };

export class LastAnswer {
  private readonly outcomes = new Map<string, Outcome>();

  /** Everything known. What it gives out is a copy, which may be changed. */
  get all(): PropertyAnswer {
    return answerOf([...this.outcomes]);
  }

  /** Takes an answer to some or all names; gives what is new in it. */
  update(answer: PropertyAnswer): PropertyAnswer {
    const changed = outcomesOf(answer).filter(
      ([name, outcome]) => !isDeepStrictEqual(this.outcomes.get(name), outcome),
    );
    for (const [name, outcome] of changed) this.outcomes.set(name, outcome);
    return answerOf(changed);
  }
}

function outcomesOf({ values, errors }: PropertyAnswer): [string, Outcome][] {
  return [
    ...Object.entries(values).map(([name, value]): [string, Outcome] => [name, { value }]),
    ...Object.entries(errors).map(([name, error]): [string, Outcome] => [name, { error }]),
  ];
}

function answerOf(outcomes: readonly [string, Outcome][]): PropertyAnswer {
  const values = outcomes.flatMap(([name, one]) => ('value' in one ? [[name, one.value]] : []));
  const errors = outcomes.flatMap(([name, one]) => ('error' in one ? [[name, one.error]] : []));
  return structuredClone({ values: Object.fromEntries(values), errors: Object.fromEntries(errors) });
}
