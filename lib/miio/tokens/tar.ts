/**
 * A tar archive, read from its beginning to its end (POSIX ustar and pax, GNU long names).
 *
 *   header, 512 bytes: name 0-99 | size 124-135 | checksum 148-155 | type 156 | "ustar" 257-261 | prefix 345-499
 *   content, filled up with zeros to a multiple of 512; a header of zeros is the end
 *   type: 0 or NUL or 7 file | L long name of the next one | x its pax attributes: `<length> <key>=<value>\n` …
 *
 * Numbers are octal text; GNU writes large ones in binary, with the highest bit set.
 * Source: POSIX.1-2001 pax, GNU tar manual.
 */
import { ByteReader } from './bytes';

/** A file of an archive or of a folder. */
export interface Member {
  /** Its path inside. */
  name: string;
  size: number;
  /** To be read before the next member is asked for, or not at all. */
  content: AsyncIterable<Buffer>;
}

interface Header {
  name: string;
  size: number;
  type: string;
}

const BLOCK_BYTES = 512;
const MAX_ATTRIBUTES_BYTES = 65_536;
const FILE_TYPES = ['0', '\0', '7'];
/** Links and folders: a size in their header counts nothing. */
const EMPTY_TYPES = ['1', '2', '3', '4', '5', '6'];

/** Whether these bytes, the first of a file, are a header. */
export function isTar(start: Buffer): boolean {
  return start.length >= BLOCK_BYTES && readHeader(start) !== undefined;
}

/** The files of the archive. Throws an Error where the archive is damaged or ends too soon. */
export async function* tarMembers(archive: AsyncIterable<Buffer>): AsyncGenerator<Member> {
  const reader = new ByteReader(archive);
  try {
    let attributes: Partial<Header> = {};
    for (let header = await nextHeader(reader); header; header = await nextHeader(reader)) {
      if (header.type === 'L' || header.type === 'x') {
        attributes = { ...attributes, ...(await attributesOfNext(reader, header)) };
        continue;
      }
      const { name, size, type } = { ...header, ...attributes };
      const end = reader.position + (EMPTY_TYPES.includes(type) ? 0 : size);
      attributes = {};
      if (FILE_TYPES.includes(type)) yield { name, size, content: reader.stream(size) };
      if (!(await reader.skipTo(end))) throw new Error('the archive ends in the middle of a file');
      await skipFilling(reader);
    }
    // What is packed or encrypted is verified at its end only.
    await reader.skipTo(Number.POSITIVE_INFINITY);
  } finally {
    await reader.close();
  }
}

/** Undefined at the end of the archive. */
async function nextHeader(reader: ByteReader): Promise<Header | undefined> {
  const block = await reader.read(BLOCK_BYTES);
  if (block.every((byte) => byte === 0)) return undefined;
  const header = block.length === BLOCK_BYTES ? readHeader(block) : undefined;
  if (!header) throw new Error('a header of the archive is broken');
  return header;
}

/** What an entry of the type `L` or `x` says of the entry after it. */
async function attributesOfNext(reader: ByteReader, { type, size }: Header): Promise<Partial<Header>> {
  if (size > MAX_ATTRIBUTES_BYTES) throw new Error('a name in the archive is too long');
  const text = await reader.read(size);
  await skipFilling(reader);
  return type === 'L' ? { name: untilNul(text) } : readAttributes(text);
}

async function skipFilling(reader: ByteReader): Promise<void> {
  await reader.skipTo(Math.ceil(reader.position / BLOCK_BYTES) * BLOCK_BYTES);
}

/** Undefined where the checksum or the size is none. */
function readHeader(block: Buffer): Header | undefined {
  const unsummed = Buffer.from(block.subarray(0, BLOCK_BYTES)).fill(' ', 148, 156);
  const sum = unsummed.reduce((total, byte) => total + byte, 0);
  const size = readNumber(block.subarray(124, 136));
  if (readNumber(block.subarray(148, 156)) !== sum || !Number.isSafeInteger(size)) return undefined;
  const name = untilNul(block.subarray(0, 100));
  // GNU has other things in the place of the prefix, and says so by a blank after the magic.
  const isUstar = block.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = isUstar ? untilNul(block.subarray(345, 500)) : '';
  return { name: prefix ? `${prefix}/${name}` : name, size, type: block.toString('latin1', 156, 157) };
}

function readNumber(field: Buffer): number {
  const isBinary = field.readUInt8() >= 0x80;
  if (isBinary) return Number(BigInt(`0x${field.toString('hex', 1)}`));
  const digits = untilNul(field).trim();
  return /^[0-7]*$/.test(digits) ? Number.parseInt(digits || '0', 8) : Number.NaN;
}

function readAttributes(text: Buffer): Partial<Header> {
  const found: Partial<Header> = {};
  for (let at = 0; at < text.length; ) {
    const [whole = '', length] = /^(\d{1,5}) /.exec(text.toString('latin1', at, at + 6)) ?? [];
    const end = at + Number(length);
    if (!(end > at + whole.length)) throw new Error('an attribute in the archive is broken');
    const [key, value = ''] = text.toString('utf8', at + whole.length, end - 1).split(/=(.*)/s);
    if (key === 'path') found.name = value;
    if (key === 'size') found.size = /^\d{1,15}$/.test(value) ? Number(value) : 0;
    at = end;
  }
  return found;
}

function untilNul(field: Buffer): string {
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end < 0 ? field.length : end);
}
