/**
 * Adds lines at the end of a file store. What is appended while the disk is busy is written and synced together
 * afterwards, so that the price of a sync is shared by all who wait.
 *
 *   idle ──append──> writing ──nothing waits any more──> idle        any ──close──> closed
 *
 * A new segment begins when the last one is full or has been deleted from outside, and in each process: what a crash
 * left is never written to again.
 */
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { syncDirectory } from '../sync-directory';
import { makeDirectory, writeAt } from './disk';
import { SEGMENT_BYTES, type Segment } from './segment';

interface Waiting {
  line: Buffer;
  resolve(): void;
  reject(error: unknown): void;
}

interface Tail {
  segment: Segment;
  handle: FileHandle;
}

/** More than this waits only for a disk that has stopped. */
const MAX_WAITING_BYTES = 32 * 1024 * 1024;

export class SegmentWriter {
  private state: 'idle' | 'writing' | 'closed' = 'idle';
  private waiting: Waiting[] = [];
  private waitingBytes = 0;
  private work = Promise.resolve();
  private tail: Tail | undefined;

  /** New segments, from `nextNumber` on, are added to `segments`. */
  constructor(
    private readonly directory: string,
    private readonly segments: Segment[],
    private nextNumber: number,
  ) {}

  /** Resolves when the line is synced. A line that is rejected is taken out of the file again. */
  append(line: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.state === 'closed') throw new Error('it is closed');
      if (line.length > SEGMENT_BYTES) throw new Error(`more than ${SEGMENT_BYTES} bytes at once`);
      if (this.waitingBytes + line.length > MAX_WAITING_BYTES) throw new Error('the disk does not keep up');
      this.waiting.push({ line, resolve, reject });
      this.waitingBytes += line.length;
      if (this.state === 'writing') return;
      this.state = 'writing';
      this.work = this.writeWaiting();
    });
  }

  /** Resolves when what waited is synced. */
  async close(): Promise<void> {
    this.state = 'closed';
    await this.work;
    await this.endTail();
  }

  private async writeWaiting(): Promise<void> {
    // Until then everything that this turn appends is there.
    await Promise.resolve();
    while (this.waiting.length > 0) {
      const lot = await this.takeLot();
      try {
        await this.write(lot.map(({ line }) => line));
        for (const { resolve } of lot) resolve();
      } catch (error) {
        for (const { reject } of lot) reject(error);
      }
    }
    if (this.state === 'writing') this.state = 'idle';
  }

  /** As many as the last segment has room for; none: as a new one has. */
  private async takeLot(): Promise<Waiting[]> {
    const taken = this.tail?.segment.bytes ?? 0;
    let room = SEGMENT_BYTES - taken;
    const tooLong = this.waiting.findIndex(({ line }) => {
      room -= line.length;
      return room < 0;
    });
    if (tooLong === 0) {
      await this.endTail();
      return this.takeLot();
    }
    const lot = this.waiting.splice(0, tooLong < 0 ? this.waiting.length : tooLong);
    for (const { line } of lot) this.waitingBytes -= line.length;
    return lot;
  }

  private async write(lines: Buffer[]): Promise<void> {
    const { segment, handle } = (await this.presentTail()) ?? (await this.begin());
    const bytes = Buffer.concat(lines);
    try {
      await writeAt(handle, bytes, segment.bytes);
      await handle.datasync();
    } catch (error) {
      // What cannot be cut off is written over by the next.
      await handle.truncate(segment.bytes).catch(() => undefined);
      throw error;
    }
    segment.bytes += bytes.length;
    segment.left += lines.length;
  }

  private async presentTail(): Promise<Tail | undefined> {
    // What is written to a file without a name is lost.
    if (this.tail && (await this.tail.handle.stat()).nlink === 0) await this.endTail();
    return this.tail;
  }

  private async begin(): Promise<Tail> {
    const number = this.nextNumber;
    this.nextNumber += 1;
    const path = join(this.directory, `${number}.log`);
    await makeDirectory(this.directory);
    const handle = await open(path, 'wx', 0o600);
    try {
      await syncDirectory(this.directory);
    } catch (error) {
      await handle.close();
      await rm(path, { force: true });
      throw error;
    }
    const segment = { number, path, bytes: 0, left: 0 };
    this.segments.push(segment);
    this.tail = { segment, handle };
    return this.tail;
  }

  private async endTail(): Promise<void> {
    const { tail } = this;
    this.tail = undefined;
    // All that counts is synced already.
    await tail?.handle.close().catch(() => undefined);
  }
}
