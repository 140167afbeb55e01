/**
 * The files that a device may read over MQTT, block by block.
 *
 *   up     thing/file/download   params {"fileToken"?,"fileInfo":{"streamId","fileId"},"fileBlock":{"size","offset"}}
 *   reply  2 bytes, big-endian: length of the JSON | {"id","code":200,"msg","data":{"bSize","bOffset","fileLength",
 *          "fileToken"?}} | the block | 2 bytes, little-endian: CRC-16/ARC of the block
 *
 * A block has 256 to 131072 bytes, the last one of a file may be smaller; what is asked for beyond the end is left out.
 * Which codes refuse is not documented: 460 here. Nor is what a token is good for: the vendor's own SDK sends the text
 * `default`, so any is taken.
 * Source: reference/aliyun.md 5.4; the vendor's page "OTA update" (the text about 16 MB, `msg`).
 */
import { randomInt } from 'node:crypto';
import { Refusal } from '../alink';
import { object } from '../params';
import type { Handlers, Outcome } from '../requests';

/** How a notice names a file. */
export interface StreamFile {
  streamId: number;
  streamFileId: number;
}

/** Of a reply: what its JSON says of the block, the bytes, and their checksum. */
class Block {
  constructor(
    readonly data: object,
    readonly bytes: Buffer,
    readonly checksum: number,
  ) {}
}

/** The only request whose reply is no JSON. */
export const DOWNLOAD = 'thing/file/download';

const FILE_ID = 1;
const SMALLEST_BLOCK = 256;
const LARGEST_BLOCK = 131_072;
const LARGEST_FILE = 16 * 1024 * 1024;

export class Streams {
  /** Larger blocks are refused. */
  largestBlock = LARGEST_BLOCK;
  /** A block that ends behind the file is refused, and not given as far as it goes. */
  refusesBeyondEnd = false;
  /** So many of the next blocks have a wrong checksum. */
  wrongChecksums = 0;
  /** Comes with every block. */
  fileToken: string | null = null;
  private readonly files = new Map<number, Buffer>();

  readonly handlers: Handlers = { [DOWNLOAD]: (params) => this.read(params) };

  add(content: Buffer): StreamFile {
    let streamId = randomInt(1, 2 ** 31);
    while (this.files.has(streamId)) streamId++;
    this.files.set(streamId, content);
    return { streamId, streamFileId: FILE_ID };
  }

  private read(params: unknown): Block {
    const { fileToken = '', fileInfo, fileBlock } = object(params);
    const { streamId, fileId } = object(fileInfo);
    const { size, offset } = object(fileBlock);
    if (typeof fileToken !== 'string') throw new Refusal(460, 'params: fileToken must be text');
    const content = typeof streamId === 'number' && fileId === FILE_ID ? this.files.get(streamId) : undefined;
    if (!content) throw new Refusal(460, 'params: there is no such file');
    const fileLength = content.length;
    if (fileLength > LARGEST_FILE) throw new Refusal(460, 'file size has exceeded the limit 16 MB');
    if (!isWhole(offset) || offset >= fileLength) throw new Refusal(460, 'params: offset is not in the file');
    const rest = fileLength - offset;
    if (!isWhole(size) || size > this.largestBlock || size < Math.min(SMALLEST_BLOCK, rest)) {
      throw new Refusal(460, `params: size must be ${SMALLEST_BLOCK} to ${this.largestBlock}`);
    }
    if (this.refusesBeyondEnd && size > rest)
      throw new Refusal(460, 'params: the block ends behind the file');
    const bytes = content.subarray(offset, offset + size);
    const token = this.fileToken === null ? {} : { fileToken: this.fileToken };
    const data = { bSize: bytes.length, bOffset: offset, fileLength, ...token };
    return new Block(data, bytes, this.checksumOf(bytes));
  }

  private checksumOf(bytes: Buffer): number {
    if (this.wrongChecksums === 0) return checksum(bytes);
    this.wrongChecksums -= 1;
    return checksum(bytes) ^ 1;
  }
}

/** The reply to a `DOWNLOAD`; a refusal has no block behind its JSON. */
export function frameReply(id: string, { code, data, message }: Outcome): Buffer {
  const block = data instanceof Block ? data : null;
  const json = Buffer.from(JSON.stringify({ id, code, msg: message, data: block?.data ?? {} }));
  const length = Buffer.alloc(2);
  length.writeUInt16BE(json.length);
  if (!block) return Buffer.concat([length, json]);
  const trailer = Buffer.alloc(2);
  trailer.writeUInt16LE(block.checksum);
  return Buffer.concat([length, json, block.bytes, trailer]);
}

/** CRC-16/ARC: the polynomial 0x8005, lowest bit first. */
export function checksum(bytes: Buffer): number {
  let register = 0;
  for (let at = 0; at < bytes.length; at++) {
    register ^= bytes[at] ?? 0;
    for (let bit = 0; bit < 8; bit++) {
      const carry = register & 1;
      register >>= 1;
      if (carry) register ^= 0xa001;
    }
  }
  return register;
}

function isWhole(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}
