/** What a case is: how it is measured, and which figures of it are shown. */
import type { Client, ClientName, Patience } from '../clients/client';
import type { Counts, HomeOptions } from '../home';

/** What one client did in one round. */
export type Sample = Record<string, number>;

/** The same, and what the devices saw. */
export type Measured = Sample & Counts;

export interface Case {
  /** For `--only`. */
  name: string;
  clients: readonly ClientName[];
  rounds: number;
  /** The devices of each client in each round; missing: none are needed. */
  home?: HomeOptions;
  /** The clients wait most of the time and do not disturb each other: they are measured at the same time. */
  sideBySide?: boolean;
  figures: Figure[];
  /** In a fresh process. `open` loads the client; `network` is where the devices are. */
  measure(open: (patience?: Patience) => Client, network: number): Promise<Sample>;
}

/** One line of the table: the median of all rounds. */
export interface Figure {
  what: string;
  /** NaN where there is none. */
  value(sample: Measured): number;
  unit: string;
  /** Default: `value`. Otherwise what is compared is the client's number and the floor's of the same round. */
  shown?: 'ratio to the floor' | 'more than the floor';
  /** What ours has to reach; missing: told for comparison. */
  atLeast?: number;
  atMost?: number;
}
