/**
 * An outbox that lasts as long as its process. Its texts stand as bytes, outside the heap of JavaScript, in an array of
 * which the front part is used up.
 */
import type { OutboxStore } from './store';

/** A shorter used-up part is not worth moving the rest. */
const MIN_USED_UP = 1_024;

export class MemoryStore implements OutboxStore {
  readonly place = 'memory';
  readonly damaged = 0;
  private texts: (Buffer | undefined)[] = [];
  private usedUp = 0;
  private keptBytes = 0;

  get length(): number {
    return this.texts.length - this.usedUp;
  }

  get bytes(): number {
    return this.keptBytes;
  }

  async open(): Promise<void> {}

  async append(text: string): Promise<void> {
    const bytes = Buffer.from(text);
    this.texts.push(bytes);
    this.keptBytes += bytes.length;
  }

  async at(index: number): Promise<string | undefined> {
    return this.texts[this.usedUp + index]?.toString();
  }

  async removeFirst(): Promise<void> {
    const text = this.texts[this.usedUp];
    if (text === undefined) return;
    this.keptBytes -= text.length;
    this.texts[this.usedUp] = undefined;
    this.usedUp += 1;
    if (this.usedUp < MIN_USED_UP || this.usedUp < this.texts.length / 2) return;
    this.texts = this.texts.slice(this.usedUp);
    this.usedUp = 0;
  }

  async close(): Promise<void> {}
}
