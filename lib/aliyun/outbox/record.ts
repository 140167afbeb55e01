/**
 * A text as one line of a file, so that one can see whether it is whole (pure):
 *
 *   <CRC-32 of the text: 8 hexadecimal digits> <text> <line feed>        cbf43926 123456789
 *
 * The text holds no line feed (JSON never does), so the next line begins behind the next one, whatever is damaged.
 */
import { crc32 } from './crc32';

const LINE_FEED = 0x0a;
const PREFIX_LENGTH = 9;

/** What a line is longer than its text, in bytes. */
export const LINE_OVERHEAD = PREFIX_LENGTH + 1;

export function lineOf(text: string): Buffer {
  const line = Buffer.allocUnsafe(LINE_OVERHEAD + Buffer.byteLength(text));
  line.write(text, PREFIX_LENGTH);
  line.write(`${checksum(line.subarray(PREFIX_LENGTH, -1))} `, 0, 'latin1');
  line[line.length - 1] = LINE_FEED;
  return line;
}

/** `text` is undefined if the line is damaged; `end` is where the next one begins. */
export interface ReadLine {
  text: string | undefined;
  end: number;
}

/** The line that begins at `start`; undefined if none ends there. */
export function readLine(bytes: Buffer, start: number): ReadLine | undefined {
  const lineFeed = bytes.indexOf(LINE_FEED, start);
  if (lineFeed < 0) return undefined;
  const end = lineFeed + 1;
  if (end - start < LINE_OVERHEAD) return { text: undefined, end };
  const text = bytes.subarray(start + PREFIX_LENGTH, lineFeed);
  const isWhole = bytes.toString('latin1', start, start + PREFIX_LENGTH) === `${checksum(text)} `;
  return { text: isWhole ? text.toString('utf8') : undefined, end };
}

function checksum(bytes: Uint8Array): string {
  return crc32(bytes).toString(16).padStart(8, '0');
}
