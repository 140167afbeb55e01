/**
 * The miIO packet as the device side reads and writes it. All integers are big-endian.
 *
 *   0  magic 21 31          2 bytes
 *   2  total length         2 bytes, equals the size of the datagram
 *   4  device id (did)      8 bytes
 *  12  stamp                4 bytes, the device's clock in seconds
 *  16  checksum            16 bytes, MD5(bytes 0..15, token, ciphertext)
 *  32  ciphertext           AES-128-CBC, PKCS7, key = MD5(token), iv = MD5(key, token)
 *
 * A hello is 32 bytes, ff from the did on, or with MDID and a client's id from byte 16 on. Its answer has the token,
 * or zeros or ff to hide it, in the place of the checksum.
 *
 * Written from reference/miio.md alone, chapters 1 to 3, and shares no code with lib: the two check each other.
 */
import { createCipheriv, createDecipheriv, createHash } from 'node:crypto';

const MAGIC = 0x2131;
const HEADER_BYTES = 32;
const CHECKSUM_OFFSET = 16;
const BLOCK_BYTES = 16;
const MAX_ID = 2 ** 31 - 1;

/** Who speaks, when, and with which key. */
export interface Envelope {
  did: bigint;
  /** 0..2^32-1 */
  stamp: number;
  /** 16 bytes */
  token: Buffer;
}

export interface Packet {
  did: bigint;
  stamp: number;
  plaintext: Buffer;
}

/** Why a datagram is no packet for the owner of the token. */
export type PacketFault =
  | 'too-short'
  | 'bad-magic'
  | 'length-mismatch'
  | 'no-ciphertext'
  | 'ciphertext-not-multiple-of-16'
  | 'checksum'
  | 'bad-padding';

export interface Command {
  /** 1..2^31-1 */
  id: number;
  method: string;
  /** undefined: the request had none. */
  params: unknown;
}

/** An answer to what the device has sent. */
export interface Reply {
  id: unknown;
  result: unknown;
}

/** Why a plaintext is no command. */
export type CommandFault = 'bad-json' | 'not-an-object' | 'bad-id' | 'no-method';

/** The 16 bytes of a token written as 32 hex digits. */
export function tokenBytes(hex: string): Buffer {
  if (!/^[0-9a-f]{32}$/i.test(hex)) throw new RangeError('a token has 32 hex digits');
  return Buffer.from(hex, 'hex');
}

/** The number of a device id written in decimal. */
export function didNumber(decimal: string): bigint {
  if (!/^\d+$/.test(decimal) || BigInt(decimal) >= 2n ** 64n) {
    throw new RangeError(`a device id is a decimal number of up to 64 bit, not '${decimal}'`);
  }
  return BigInt(decimal);
}

/** True for the plain hello and for the MDID probe. */
export function isHello(datagram: Buffer): boolean {
  if (datagram.length !== HEADER_BYTES) return false;
  if (datagram.readUInt16BE(0) !== MAGIC || datagram.readUInt16BE(2) !== HEADER_BYTES) return false;
  const probe = datagram.toString('latin1', CHECKSUM_OFFSET, CHECKSUM_OFFSET + 4) === 'MDID';
  return datagram.subarray(4, probe ? CHECKSUM_OFFSET : HEADER_BYTES).every((byte) => byte === 0xff);
}

/** The client's virtual did in an MDID probe, decimal; undefined for a plain hello and for a malformed probe. */
export function probeDid(hello: Buffer): string | undefined {
  const probe = hello.toString('latin1', CHECKSUM_OFFSET, CHECKSUM_OFFSET + 4) === 'MDID';
  if (!probe || hello.readUInt32BE(CHECKSUM_OFFSET + 12) !== 0) return undefined;
  return hello.readBigUInt64BE(CHECKSUM_OFFSET + 4).toString();
}

/** The plain hello. */
export function encodeHello(): Buffer {
  return Buffer.concat([Buffer.from('21310020', 'hex'), Buffer.alloc(HEADER_BYTES - 4, 0xff)]);
}

/** The answer to a plain hello that shows no token; undefined: the datagram is none. */
export function parseHelloReply(datagram: Buffer): { did: bigint; stamp: number } | undefined {
  if (datagram.length !== HEADER_BYTES) return undefined;
  if (datagram.readUInt16BE(0) !== MAGIC || datagram.readUInt16BE(2) !== HEADER_BYTES) return undefined;
  if (datagram.subarray(CHECKSUM_OFFSET).some((byte) => byte !== 0)) return undefined;
  return { did: datagram.readBigUInt64BE(4), stamp: datagram.readUInt32BE(12) };
}

/** The answer to a hello; `tokenField` are the 16 bytes in the place of the checksum. */
export function encodeHelloReply(did: bigint, stamp: number, tokenField: Buffer): Buffer {
  return Buffer.concat([headerStart(did, stamp, HEADER_BYTES), tokenField]);
}

export function encodePacket({ did, stamp, token }: Envelope, plaintext: Buffer | string): Buffer {
  const { key, iv } = keys(token);
  const cipher = createCipheriv('aes-128-cbc', key, iv);
  const plain = typeof plaintext === 'string' ? Buffer.from(plaintext) : plaintext;
  const ciphertext = Buffer.concat([cipher.update(plain), cipher.final()]);
  const start = headerStart(did, stamp, HEADER_BYTES + ciphertext.length);
  return Buffer.concat([start, md5(start, token, ciphertext), ciphertext]);
}

/** The plaintext of one block of ciphertext, without its padding removed. */
export function decryptBlock(block: Buffer, token: Buffer): Buffer {
  const { key, iv } = keys(token);
  const decipher = createDecipheriv('aes-128-cbc', key, iv).setAutoPadding(false);
  return Buffer.concat([decipher.update(block), decipher.final()]);
}

/** The packet in a datagram, or why there is none. The checksum is verified before anything is decrypted. */
export function decodePacket(datagram: Buffer, token: Buffer): Packet | PacketFault {
  if (datagram.length < HEADER_BYTES) return 'too-short';
  if (datagram.readUInt16BE(0) !== MAGIC) return 'bad-magic';
  if (datagram.readUInt16BE(2) !== datagram.length) return 'length-mismatch';
  const ciphertext = datagram.subarray(HEADER_BYTES);
  if (ciphertext.length === 0) return 'no-ciphertext';
  if (ciphertext.length % BLOCK_BYTES !== 0) return 'ciphertext-not-multiple-of-16';
  const checksum = md5(datagram.subarray(0, CHECKSUM_OFFSET), token, ciphertext);
  if (!checksum.equals(datagram.subarray(CHECKSUM_OFFSET, HEADER_BYTES))) return 'checksum';
  const plaintext = decrypt(ciphertext, token);
  if (!plaintext) return 'bad-padding';
  return { did: datagram.readBigUInt64BE(4), stamp: datagram.readUInt32BE(12), plaintext };
}

/** The command in a plaintext: strict JSON in strict UTF-8, one NUL at the end is tolerated. */
export function parseCommand(plaintext: Buffer): Command | CommandFault {
  const request = parseJson(plaintext);
  if (request === undefined) return 'bad-json';
  if (!isRecord(request)) return 'not-an-object';
  const { id, method, params } = request;
  if (typeof id !== 'number' || !Number.isInteger(id) || id < 1 || id > MAX_ID) return 'bad-id';
  if (typeof method !== 'string') return 'no-method';
  return { id, method, params };
}

/** The answer in a plaintext, to something that the device has sent; undefined: it is none. */
export function parseReply(plaintext: Buffer): Reply | undefined {
  const reply = parseJson(plaintext);
  if (!isRecord(reply) || !('result' in reply) || 'method' in reply) return undefined;
  return { id: reply.id, result: reply.result };
}

/** True for a JSON object, false for an array. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseJson(plaintext: Buffer): unknown {
  const bytes = plaintext.at(-1) === 0 ? plaintext.subarray(0, -1) : plaintext;
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

function headerStart(did: bigint, stamp: number, totalBytes: number): Buffer {
  const start = Buffer.alloc(CHECKSUM_OFFSET);
  start.writeUInt16BE(MAGIC, 0);
  start.writeUInt16BE(totalBytes, 2);
  start.writeBigUInt64BE(did, 4);
  start.writeUInt32BE(stamp, 12);
  return start;
}

/** undefined: the padding is wrong. */
function decrypt(ciphertext: Buffer, token: Buffer): Buffer | undefined {
  const { key, iv } = keys(token);
  const decipher = createDecipheriv('aes-128-cbc', key, iv);
  try {
    return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
  } catch {
    return undefined;
  }
}

function keys(token: Buffer): { key: Buffer; iv: Buffer } {
  const key = md5(token);
  return { key, iv: md5(key, token) };
}

function md5(...parts: Buffer[]): Buffer {
  const hash = createHash('md5');
  for (const part of parts) hash.update(part);
  return hash.digest();
}
