/** What a request of the cloud is answered with, and who answers it. */

export interface Answer {
  /** Default 200. */
  code?: number;
  /** Default `{}`. */
  data?: unknown;
}

/** `auto`: a property set is answered when its handlers have run. `manual`: by one of them. */
export type ReplyMode = 'auto' | 'manual';
