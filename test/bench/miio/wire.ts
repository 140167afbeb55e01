/**
 * The miIO packet with the fewest operations of node:crypto that it can be made and read with: the floor that a codec
 * is measured against. Nothing here is checked but the checksum. The layout is that of lib/miio/packet.ts.
 */
import { createCipheriv, createDecipheriv, createHash } from 'node:crypto';

export const PORT = 54_321;
export const HEADER_BYTES = 32;
export const HELLO: Buffer = Buffer.from(`21310020${'ff'.repeat(28)}`, 'hex');

const MAGIC = 0x2131;
const DID_OFFSET = 8;
const STAMP_OFFSET = 12;
const CHECKSUM_OFFSET = 16;

export interface Keys {
  token: Buffer;
  key: Buffer;
  iv: Buffer;
}

export function keysOf(token: Buffer): Keys {
  const key = createHash('md5').update(token).digest();
  return { token, key, iv: createHash('md5').update(key).update(token).digest() };
}

/** `checksumField` is what a hello and its answer have in the place of the checksum. */
export function header(length: number, did: number, stamp: number, checksumField: Buffer): Buffer {
  const packet = Buffer.allocUnsafe(length);
  packet.writeUInt16BE(MAGIC, 0);
  packet.writeUInt16BE(length, 2);
  packet.writeUInt32BE(0, 4);
  packet.writeUInt32BE(did, DID_OFFSET);
  packet.writeUInt32BE(stamp, STAMP_OFFSET);
  checksumField.copy(packet, CHECKSUM_OFFSET);
  return packet;
}

export function encode(did: number, stamp: number, plaintext: Buffer, { token, key, iv }: Keys): Buffer {
  const cipher = createCipheriv('aes-128-cbc', key, iv);
  const body = cipher.update(plaintext);
  const end = cipher.final();
  const packet = header(HEADER_BYTES + body.length + end.length, did, stamp, token);
  body.copy(packet, HEADER_BYTES);
  end.copy(packet, HEADER_BYTES + body.length);
  createHash('md5').update(packet).digest().copy(packet, CHECKSUM_OFFSET);
  return packet;
}

/** The plaintext, or undefined if the checksum is wrong. */
export function decode(packet: Buffer, keys: Keys): Buffer | undefined {
  const checksum = createHash('md5')
    .update(packet.subarray(0, CHECKSUM_OFFSET))
    .update(keys.token)
    .update(packet.subarray(HEADER_BYTES))
    .digest();
  return checksum.equals(packet.subarray(CHECKSUM_OFFSET, HEADER_BYTES)) ? decrypt(packet, keys) : undefined;
}

export function decrypt(packet: Buffer, { key, iv }: Keys): Buffer {
  const decipher = createDecipheriv('aes-128-cbc', key, iv);
  return Buffer.concat([decipher.update(packet.subarray(HEADER_BYTES)), decipher.final()]);
}

export function didOf(packet: Buffer): number {
  return packet.readUInt32BE(DID_OFFSET);
}

export function stampOf(packet: Buffer): number {
  return packet.readUInt32BE(STAMP_OFFSET);
}
