/** Tokens found in an uploaded file, kept in memory until a person has chosen one of them, or ten minutes have passed. */
import { randomUUID } from 'node:crypto';
import { MialinkError } from '../lib/errors';
import type { TokenRecord } from '../lib/miio/tokens';

const LIFETIME_MS = 10 * 60_000;
const MAX_OFFERS = 10;

export class OfferedTokens {
  private readonly offers = new Map<string, { records: TokenRecord[]; timer: NodeJS.Timeout }>();

  /** Keeps the records; gives the reference that nobody guesses. Of many files, the oldest are forgotten. */
  offer(records: TokenRecord[]): string {
    for (const oldest of [...this.offers.keys()].slice(0, 1 - MAX_OFFERS)) this.forget(oldest);
    const reference = randomUUID();
    const timer = setTimeout(() => this.forget(reference), LIFETIME_MS);
    // Node-RED may end before.
    timer.unref();
    this.offers.set(reference, { records, timer });
    return reference;
  }

  /** The token of the record at `index`; throws `tokensForgotten`. */
  choose(reference: string, index: number): string {
    const record = this.offers.get(reference)?.records[index];
    if (!record) throw new MialinkError('tokensForgotten');
    return record.token;
  }

  private forget(reference: string): void {
    clearTimeout(this.offers.get(reference)?.timer);
    this.offers.delete(reference);
  }
}
