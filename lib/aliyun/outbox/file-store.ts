/**
 * An outbox that outlasts its process, in a directory (mode 0700) of its own:
 *
 *   <number>.log   (0600, up to 1 MB) the texts, a line each: added at the end of the last one, taken from the first
 *   head           (0600) how far the first one is used up; a segment that is wholly used up is deleted
 *
 * An append is synced before it resolves, so neither a crash nor a power cut takes it away. A removal is written, not
 * synced: after `kill -9` nothing comes twice, after a power cut the removals of the last seconds may be undone. What is
 * damaged or was deleted from outside is skipped. Only one piece of a segment is in memory.
 *
 * Why not a library: of the storage libraries for Node, level and lmdb come with native code and an install script;
 * node-sqlite3-wasm blocks the process at each sync, and after `kill -9` the lock that it leaves keeps everyone out; nedb
 * does not sync what it adds and holds all of it in memory, lowdb writes all of it anew each time. A queue needs no
 * more than adding at one end and a mark at the other.
 */
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { makeDirectory, nothingIfMissing, readRange } from './disk';
import { HeadFile, type Position } from './head-file';
import { lineOf, type ReadLine, readLine } from './record';
import { type Segment, scan, segmentNumbers } from './segment';
import { SegmentWriter } from './segment-writer';
import type { OutboxStore } from './store';

interface Open {
  head: HeadFile;
  writer: SegmentWriter;
}

/** A text that was read, and not removed yet. */
interface Line {
  text: string;
  segment: Segment;
  end: number;
}

interface Piece {
  start: number;
  bytes: Buffer;
}

const NO_PIECE: Piece = { start: 0, bytes: Buffer.alloc(0) };

/** Two stores on one directory would take each other's texts. */
const inUse = new Set<string>();

export class FileStore implements OutboxStore {
  /** Absolute. */
  readonly place: string;
  private parts: Open | undefined;
  private segments: Segment[] = [];
  /** Up to here the first segment is used up. */
  private offset = 0;
  /** The oldest, as far as they were asked for. */
  private readonly lines: Line[] = [];
  /** What comes behind them: which segment, and where in it. */
  private next = { index: 0, offset: 0 };
  /** Bytes of the segment that is read, from `start` on. */
  private piece = NO_PIECE;
  private damagedSoFar = 0;

  /** The directory is made by `open`. */
  constructor(directory: string) {
    this.place = resolve(directory);
  }

  get length(): number {
    return this.segments.reduce((sum, { left }) => sum + left, 0);
  }

  get bytes(): number {
    return this.segments.reduce((sum, { bytes }) => sum + bytes, -this.offset);
  }

  get damaged(): number {
    return this.damagedSoFar;
  }

  /** Rejects if the directory cannot be made or read, or another store of this process has it open. */
  async open(): Promise<void> {
    if (inUse.has(this.place)) throw new Error(`${this.place} is in use by another outbox`);
    inUse.add(this.place);
    try {
      await makeDirectory(this.place);
      this.parts = await this.openParts();
    } catch (error) {
      inUse.delete(this.place);
      throw error;
    }
  }

  async append(text: string): Promise<void> {
    await this.opened.writer.append(lineOf(text));
  }

  async at(index: number): Promise<string | undefined> {
    while (this.lines.length <= index) {
      const line = await this.readNext();
      if (!line) return undefined;
      this.lines.push(line);
    }
    return this.lines[index]?.text;
  }

  async removeFirst(): Promise<void> {
    const { head } = this.opened;
    await this.at(0);
    const line = this.lines.shift();
    if (!line) return;
    const usedUp = this.segments.splice(0, this.segments.indexOf(line.segment));
    this.next.index -= usedUp.length;
    this.offset = line.end;
    line.segment.left -= 1;
    await head.write({ segment: line.segment.number, offset: line.end });
    // What cannot be deleted now is deleted when the store is opened again.
    for (const { path } of usedUp) await rm(path, { force: true }).catch(() => undefined);
  }

  async close(): Promise<void> {
    const { parts } = this;
    if (!parts) return;
    this.parts = undefined;
    try {
      await parts.writer.close();
      await parts.head.close();
    } finally {
      inUse.delete(this.place);
    }
  }

  private get opened(): Open {
    if (!this.parts) throw new Error(`${this.place} is not open`);
    return this.parts;
  }

  private async openParts(): Promise<Open> {
    const head = await HeadFile.open(join(this.place, 'head'));
    try {
      const last = await this.findSegments(head.position);
      return { head, writer: new SegmentWriter(this.place, this.segments, last + 1) };
    } catch (error) {
      await head.close();
      throw error;
    }
  }

  /** The highest number that was ever used. */
  private async findSegments(head: Position): Promise<number> {
    const numbers = await segmentNumbers(this.place);
    this.segments = [];
    this.lines.length = 0;
    this.piece = NO_PIECE;
    this.damagedSoFar = 0;
    for (const number of numbers) {
      const segment = number < head.segment ? undefined : await this.find(number, head);
      if (segment) this.segments.push(segment);
      else await rm(this.pathOf(number), { force: true });
    }
    this.offset = this.segments[0]?.number === head.segment ? head.offset : 0;
    this.next = { index: 0, offset: this.offset };
    return Math.max(head.segment, numbers.at(-1) ?? 0);
  }

  /** Undefined if nothing is left in it. */
  private async find(number: number, head: Position): Promise<Segment | undefined> {
    const offset = number === head.segment ? head.offset : 0;
    const { segment, damaged } = await scan(this.pathOf(number), number, offset);
    this.damagedSoFar += damaged;
    return segment.left > 0 ? segment : undefined;
  }

  private async readNext(): Promise<Line | undefined> {
    for (let segment = this.segments[this.next.index]; segment; segment = this.segments[this.next.index]) {
      while (this.next.offset < segment.bytes) {
        const { text, end } = await this.lineAt(this.next.offset, segment);
        this.next.offset = end;
        if (text !== undefined) return { text, segment, end };
      }
      this.countMissing(segment);
      if (this.next.index === this.segments.length - 1) return undefined;
      this.next = { index: this.next.index + 1, offset: 0 };
      this.piece = NO_PIECE;
    }
    return undefined;
  }

  /** Of a segment that was read to its end: they were whole when they were counted. */
  private countMissing(segment: Segment): void {
    const found = this.lines.filter((line) => line.segment === segment).length;
    this.damagedSoFar += segment.left - found;
    segment.left = found;
  }

  private async lineAt(offset: number, segment: Segment): Promise<ReadLine> {
    return this.lineInPiece(offset) ?? (await this.lineInNextPiece(offset, segment));
  }

  private async lineInNextPiece(offset: number, { path, bytes: end }: Segment): Promise<ReadLine> {
    this.piece = { start: offset, bytes: await readRange(path, offset, end).catch(nothingIfMissing) };
    return this.lineInPiece(offset) ?? { text: undefined, end };
  }

  private lineInPiece(offset: number): ReadLine | undefined {
    const { start, bytes } = this.piece;
    const line = readLine(bytes, offset - start);
    return line && { text: line.text, end: line.end + start };
  }

  private pathOf(number: number): string {
    return join(this.place, `${number}.log`);
  }
}
