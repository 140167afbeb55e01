/**
 * Where the oldest text of a file store begins: a line of always the same length (see record), written in place.
 *
 *   <segment: 15 digits> <offset in it: 15 digits>
 *
 * A head that is missing or damaged stands for the beginning: then texts come a second time, but none is lost.
 */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { nothingIfMissing, readRange, writeAt } from './disk';
import { LINE_OVERHEAD, lineOf, readLine } from './record';

export interface Position {
  segment: number;
  offset: number;
}

const BEGINNING: Position = { segment: 0, offset: 0 };
const DIGITS = 15;
const LENGTH = LINE_OVERHEAD + 2 * DIGITS + 1;

/** Where the head stands that a store has left; at the beginning if there is none. */
export async function readHead(path: string): Promise<Position> {
  return positionIn(await readRange(path, 0, LENGTH).catch(nothingIfMissing));
}

export class HeadFile {
  /** The file is made (mode 0600) if there is none. */
  static async open(path: string): Promise<HeadFile> {
    const handle = await open(path, constants.O_RDWR | constants.O_CREAT, 0o600);
    try {
      return new HeadFile(handle, positionIn(await readRange(path, 0, LENGTH)));
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  private constructor(
    private readonly handle: FileHandle,
    /** Where it stood when it was opened. */
    readonly position: Position,
  ) {}

  /** Outlasts the process, and a power cut as soon as the system has written it out. */
  async write({ segment, offset }: Position): Promise<void> {
    await writeAt(this.handle, lineOf(`${digits(segment)} ${digits(offset)}`), 0);
  }

  async close(): Promise<void> {
    try {
      await this.handle.datasync();
    } finally {
      await this.handle.close();
    }
  }
}

function positionIn(bytes: Buffer): Position {
  const [, segment, offset] = /^(\d{15}) (\d{15})$/.exec(readLine(bytes, 0)?.text ?? '') ?? [];
  return segment === undefined ? BEGINNING : { segment: Number(segment), offset: Number(offset) };
}

function digits(number: number): string {
  return String(number).padStart(DIGITS, '0');
}
