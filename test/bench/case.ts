/** What a suite is: cases, the clients that do them, and how each case is measured and shown. */

/** What one client did in one round, and what was seen at the other end. */
export type Sample = Record<string, number>;

export interface Suite {
  /** Its folder. */
  name: string;
  /** The client that all others are compared with. */
  base: string;
  /** All, the base first: the columns of the table. */
  clients: readonly string[];
  cases: readonly Case[];
}

export interface Case<Name extends string = string> {
  /** For `--only`. */
  name: string;
  clients: readonly Name[];
  rounds: number;
  /** Who is at the other end, new for each client in each round; missing: nobody. */
  counterpart?: Counterpart;
  /** The clients wait most of the time and do not disturb each other: they are measured at the same time. */
  sideBySide?: boolean;
  figures: Figure[];
  /** In a fresh process, in which this loads the client. On 127.<network>.0.0/16 nobody is but the counterpart. */
  measure(client: Name, network: number): Promise<Sample>;
}

/**
 * A program of the suite. It gets the network and the options, prints `ready`, and its own Sample when its input has
 * ended.
 */
export interface Counterpart {
  program: string;
  options?: object;
}

/** One line of the table: the median of all rounds. */
export interface Figure {
  what: string;
  /** NaN where there is none. */
  value(sample: Sample): number;
  unit: string;
  /** Default: `value`. Otherwise what is compared is the client's number and the base's of the same round. */
  shown?: 'ratio' | 'more';
  /** What ours has to reach; missing: told for comparison. */
  atLeast?: number;
  atMost?: number;
}
