/**
 * One block of a file that the cloud sends over MQTT (pure): how it is asked for, and what comes.
 *
 *   up    SYS/thing/file/download
 *         {"id":"1","version":"1.0","params":{"fileToken":"…"?,"fileInfo":{"streamId":1397345,"fileId":1},
 *          "fileBlock":{"size":5120,"offset":0}}}
 *   down  SYS/thing/file/download_reply
 *         J: 2 bytes, big-endian | JSON: J bytes | block: bSize bytes | CRC-16/ARC of the block: 2 bytes, little-endian
 *         {"id":"1","code":200,"msg":"…","data":{"bSize":5120,"bOffset":0,"fileLength":432945,"fileToken":"…"?}}
 *
 * A refusal has another code and no block. One of the platform before it knows of a file may be plain JSON.
 *
 * Source: Alibaba Cloud IoT Platform, "OTA update" (download over MQTT); the C Link SDK, components/mqtt-download.
 */
import { isDeeperThan, isRecord, type Json, MAX_DEPTH } from '../../../untrusted';
import type { StreamAddress } from '../notice';
import { crc16 } from './crc16';

export interface BlockRequest {
  /** Text that holds a number. */
  id: string;
  stream: StreamAddress;
  /** Of its first byte in the file. */
  offset: number;
  /** In bytes, `SMALLEST_BLOCK` to `LARGEST_BLOCK`; the last block of a file may be smaller. */
  size: number;
  /** What the cloud gave with the block before: a secret. */
  fileToken?: string;
}

export interface StreamBlock {
  /** Of its first byte in the file. */
  offset: number;
  /** At least one byte; a part of the message, not a copy. */
  bytes: Buffer;
  /** The size of the whole file; the block ends there at the latest. */
  fileLength: number;
  fileToken?: string;
}

/** `id` is missing when it cannot be read. */
export type BlockReply =
  | { kind: 'block'; id: string; block: StreamBlock }
  | { kind: 'refusal'; id: string; code: number; message: string }
  | { kind: 'malformed'; id?: string; cause: string };

/** In bytes. */
export const LARGEST_BLOCK = 131_072;
export const SMALLEST_BLOCK = 256;

const LENGTH_BYTES = 2;
const CRC_BYTES = 2;
/** It has 150 and a token of 128. */
const MOST_JSON_BYTES = 4096;
const LONGEST_ID = 64;
const LONGEST_TEXT = 256;
const OK = 200;
const OPENING_BRACE = 0x7b;

/** The message, to be published as JSON. It is a request without a method. */
export function blockRequest({ id, stream, offset, size, fileToken }: BlockRequest): object {
  const { streamId, fileId } = stream;
  const asked = { fileInfo: { streamId, fileId }, fileBlock: { size, offset } };
  return { id, version: '1.0', params: fileToken === undefined ? asked : { fileToken, ...asked } };
}

/** Takes any bytes. */
export function parseBlockReply(message: Buffer): BlockReply {
  const { json, rest } = split(message);
  const reply = json && parse(json);
  if (!reply) return { kind: 'malformed', cause: 'its head is not JSON' };
  const id = textOf(reply.id, LONGEST_ID);
  const code = numberOf(reply.code);
  if (id === undefined || code === undefined) {
    return { kind: 'malformed', id, cause: 'it has no id or no code' };
  }
  if (code !== OK) {
    const text =
      textOf(reply.msg, Number.POSITIVE_INFINITY) ?? textOf(reply.message, Number.POSITIVE_INFINITY);
    return { kind: 'refusal', id, code, message: text?.slice(0, LONGEST_TEXT) ?? '' };
  }
  const block = blockOf(reply.data, rest);
  return typeof block === 'string' ? { kind: 'malformed', id, cause: block } : { kind: 'block', id, block };
}

/** No head for one that is longer than the message, or than it may be. */
function split(message: Buffer): { json?: Buffer; rest: Buffer } {
  const nothing = Buffer.alloc(0);
  // Nothing else begins like that: as a length it would be far too long.
  if (message[0] === OPENING_BRACE) {
    return { json: message.length > MOST_JSON_BYTES ? undefined : message, rest: nothing };
  }
  const length = message.length < LENGTH_BYTES ? Number.POSITIVE_INFINITY : message.readUInt16BE(0);
  const end = LENGTH_BYTES + length;
  if (length > MOST_JSON_BYTES || end > message.length) return { rest: nothing };
  return { json: message.subarray(LENGTH_BYTES, end), rest: message.subarray(end) };
}

function parse(json: Buffer): Json | undefined {
  try {
    const value: unknown = JSON.parse(json.toString('utf8'));
    return isRecord(value) && !isDeeperThan(value, MAX_DEPTH) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Or why there is none. */
function blockOf(data: unknown, rest: Buffer): StreamBlock | string {
  if (!isRecord(data)) return 'it has no data';
  const size = numberOf(data.bSize);
  const offset = numberOf(data.bOffset);
  const fileLength = numberOf(data.fileLength);
  if (size === undefined || offset === undefined || fileLength === undefined) {
    return 'it lacks bSize, bOffset or fileLength';
  }
  if (size < 1 || size > LARGEST_BLOCK) return `its block has ${size} bytes`;
  if (offset + size > fileLength) return 'its block ends behind the file';
  if (rest.length !== size + CRC_BYTES) return 'it is not as long as it says';
  const bytes = rest.subarray(0, size);
  if (rest.readUInt16LE(size) !== crc16(bytes)) return 'the checksum of its block is wrong';
  return { offset, bytes, fileLength, fileToken: textOf(data.fileToken, LONGEST_TEXT) };
}

/** A whole number from 0 on, which may come as text. */
function numberOf(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}

/** Text or a number as text, if it is no longer. */
function textOf(value: unknown, longest: number): string | undefined {
  const text = typeof value === 'number' ? String(value) : value;
  return typeof text === 'string' && text !== '' && text.length <= longest ? text : undefined;
}
