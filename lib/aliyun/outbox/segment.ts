/** A file of a file store: `<number>.log`, lines with a text each (see record). A higher number means later texts. */
import { readdir } from 'node:fs/promises';
import { readRange } from './disk';
import { readLine } from './record';

export interface Segment {
  number: number;
  path: string;
  /** Up to here its lines are complete and on the disk. */
  bytes: number;
  /** How many texts have not been removed yet. */
  left: number;
}

/** The most that is written into one; nothing behind it is read. */
export const SEGMENT_BYTES = 1024 * 1024;

const NAME = /^([1-9]\d{0,14})\.log$/;

/** The numbers of the segments in the directory, in order. */
export async function segmentNumbers(directory: string): Promise<number[]> {
  const files = (await readdir(directory, { withFileTypes: true })).filter((entry) => entry.isFile());
  const numbers = files.map(({ name }) => Number(NAME.exec(name)?.[1] ?? 0));
  return numbers.filter((number) => number > 0).sort((one, other) => one - other);
}

/**
 * What a former process left from `offset` on, and how many lines of it are damaged. A last line without its end was
 * being written when the power went: it had not been accepted yet.
 */
export async function scan(
  path: string,
  number: number,
  offset: number,
): Promise<{ segment: Segment; damaged: number }> {
  const bytes = await readRange(path, offset, SEGMENT_BYTES);
  const segment: Segment = { number, path, bytes: offset, left: 0 };
  let damaged = 0;
  for (let line = readLine(bytes, 0); line; line = readLine(bytes, line.end)) {
    if (line.text === undefined) damaged += 1;
    else segment.left += 1;
    segment.bytes = offset + line.end;
  }
  return { segment, damaged };
}
