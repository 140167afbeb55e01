/**
 * The many small pieces in which a body arrives (16 KB each through TLS) as fewer and bigger ones: what comes while the
 * consumer is busy with one piece is gathered into the next. Two buffers take turns, so that however long the body is,
 * nothing of it lies about in memory.
 *
 *   body --data--> filling        full: the body pauses
 *                     <-> at each turn
 *                  lent ---------> consumer
 */
import { finished, type Readable } from 'node:stream';
import { deferred } from '../../../wait';

const BUFFER_BYTES = 256 * 1024;
const NOTHING = Buffer.alloc(0);

/** A body that brings less than this in the time of a stall only drips: it counts as cut. */
export const LEAST_BYTES = 1024;

/**
 * Each piece is valid until the next is asked for. Throws what the body ends with, also when it stalls or drips for
 * `stallMs`; the body of a consumer that stops is destroyed.
 */
export async function* gather(body: Readable, stallMs: number): AsyncGenerator<Buffer> {
  const gathered = new Gathered(body);
  const watch = setInterval(() => gathered.assertFlow(stallMs), stallMs);
  try {
    for (let piece = await gathered.next(); piece; piece = await gathered.next()) yield piece;
  } finally {
    clearInterval(watch);
    body.destroy();
  }
}

class Gathered {
  private filling = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  private lent = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  private filled = 0;
  /** What `filling` had no room for. */
  private over: Buffer = NOTHING;
  /** Bytes since the last look. */
  private arrived = 0;
  private ended: { error?: Error | null } | undefined;
  private news = deferred<void>();

  constructor(private readonly body: Readable) {
    body.on('data', (chunk: Buffer) => {
      this.arrived += chunk.length;
      this.add(chunk);
      this.news.resolve();
    });
    finished(body, { writable: false }, (error) => {
      this.ended = { error };
      this.news.resolve();
    });
  }

  /** Undefined at the end. */
  async next(): Promise<Buffer | undefined> {
    while (this.filled === 0 && !this.ended) {
      this.news = deferred();
      await this.news.promise;
    }
    if (this.filled > 0) return this.turn();
    if (this.ended?.error) throw this.ended.error;
    return undefined;
  }

  /** A body that pauses waits for the consumer. */
  assertFlow(stallMs: number): void {
    if (this.arrived < LEAST_BYTES && !this.body.isPaused()) {
      this.body.destroy(new Error(`${this.arrived} bytes arrived within ${stallMs} ms`));
    }
    this.arrived = 0;
  }

  private turn(): Buffer {
    const piece = this.filling.subarray(0, this.filled);
    [this.filling, this.lent] = [this.lent, this.filling];
    this.filled = 0;
    const { over } = this;
    this.over = NOTHING;
    this.add(over);
    if (this.over.length === 0) this.body.resume();
    return piece;
  }

  private add(chunk: Buffer): void {
    const count = chunk.copy(this.filling, this.filled);
    this.filled += count;
    if (count === chunk.length) return;
    this.over = Buffer.concat([this.over, chunk.subarray(count)]);
    this.body.pause();
  }
}
