/**
 * Where the outbox keeps what it has accepted: texts in the order in which they came. Except `append`, one method is
 * called at a time; the getters may be read at any time.
 */
export interface OutboxStore {
  /** For texts: the directory, or `memory`. */
  readonly place: string;
  /** How many texts are kept. */
  readonly length: number;
  /** What they take up. */
  readonly bytes: number;
  /** How many texts that had been kept were found unreadable, and skipped. */
  readonly damaged: number;
  /** Finds what a former process left; after a failure it may be tried again. */
  open(): Promise<void>;
  /** Resolves when the text (one line) is safe. A text that is rejected is not kept, and harms no other. */
  append(text: string): Promise<void>;
  /** The text that is `index` behind the oldest. */
  at(index: number): Promise<string | undefined>;
  /** Resolves when no crash of the process can bring the oldest back; it is gone also if that fails. */
  removeFirst(): Promise<void>;
  /** What is kept stays kept, as far as the store outlasts its process. */
  close(): Promise<void>;
}
