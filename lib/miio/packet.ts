/**
 * The miIO packet, one UDP datagram. Pure functions.
 *
 *   offset size
 *   0      2    magic 21 31
 *   2      2    length of the whole packet
 *   4      8    device id (did), unsigned 64 bit; most devices leave the upper half 0
 *   12     4    stamp: the device's clock in seconds, usually its uptime
 *   16     16   checksum = MD5(bytes 0..15, token, ciphertext); a hello reply has the token, 00 or ff here
 *   32     n    ciphertext = AES-128-CBC(PKCS7), key = MD5(token), iv = MD5(key, token); absent in a hello
 *
 * Integers are big-endian. A hello is a header of ff behind magic and length. Source: python-miio's protocol.py and
 * the captures in test/vectors/miio.json (the widely copied README that zeroes the checksum field is wrong).
 */
import { createCipheriv, createDecipheriv, createHash, hash, timingSafeEqual } from 'node:crypto';

export const MIIO_PORT = 54_321;
export const HEADER_BYTES = 32;
/** A datagram carries 65,507 bytes; header and padding go off. */
export const MAX_PLAINTEXT_BYTES = 65_507 - HEADER_BYTES - 16;

const MAGIC = 0x2131;
const CHECKSUM_OFFSET = 16;
const BLOCK_BYTES = 16;

/** Answered by every device with a 32-byte packet that tells its did and stamp. */
export const HELLO: Buffer = Buffer.from(`21310020${'ff'.repeat(28)}`, 'hex');
const NOBODY = HELLO.subarray(4, 12);

export interface Keys {
  token: Buffer;
  key: Buffer;
  iv: Buffer;
}

export function deriveKeys(token: Buffer): Keys {
  const key = md5(token);
  return { token, key, iv: md5(key, token) };
}

/** `did` is the raw 8 bytes, so that nothing is converted on the way of a command. */
export function encodePacket(did: Buffer, stamp: number, plaintext: Buffer, keys: Keys): Buffer {
  const cipher = createCipheriv('aes-128-cbc', keys.key, keys.iv);
  const header = Buffer.allocUnsafe(HEADER_BYTES);
  const packet = Buffer.concat([header, cipher.update(plaintext), cipher.final()]);
  packet.writeUInt16BE(MAGIC, 0);
  packet.writeUInt16BE(packet.length, 2);
  did.copy(packet, 4);
  packet.writeUInt32BE(stamp >>> 0, 12);
  // The checksum is that of the packet with the token in its place.
  keys.token.copy(packet, CHECKSUM_OFFSET);
  md5OfOne(packet).copy(packet, CHECKSUM_OFFSET);
  return packet;
}

export type DropReason =
  | 'too-short'
  | 'bad-magic'
  | 'length-mismatch'
  | 'ciphertext-not-multiple-of-16'
  | 'hello-echo'
  | 'checksum'
  | 'bad-padding';

export interface Packet {
  /** `handshake`: header only, the answer to a hello and never to a command. */
  kind: 'handshake' | 'data';
  did: Buffer;
  stamp: number;
  /** Bytes 16..31: in a handshake perhaps the token, otherwise the checksum. */
  checksumField: Buffer;
}

/** Reads the header of anything that arrives; a string says why the datagram is dropped. */
export function parsePacket(datagram: Buffer): Packet | DropReason {
  if (datagram.length < HEADER_BYTES) return 'too-short';
  if (datagram.readUInt16BE(0) !== MAGIC) return 'bad-magic';
  if (datagram.readUInt16BE(2) !== datagram.length) return 'length-mismatch';
  if (datagram.length % BLOCK_BYTES !== 0) return 'ciphertext-not-multiple-of-16';
  const did = datagram.subarray(4, 12);
  if (did.equals(NOBODY)) return 'hello-echo';
  return {
    kind: datagram.length === HEADER_BYTES ? 'handshake' : 'data',
    did,
    stamp: datagram.readUInt32BE(12),
    checksumField: datagram.subarray(CHECKSUM_OFFSET, HEADER_BYTES),
  };
}

/** The plaintext of a `data` packet; verified over the received bytes before anything is decrypted. */
export function openPacket(datagram: Buffer, keys: Keys): Buffer | DropReason {
  const ciphertext = datagram.subarray(HEADER_BYTES);
  const checksum = md5(datagram.subarray(0, CHECKSUM_OFFSET), keys.token, ciphertext);
  if (!timingSafeEqual(checksum, datagram.subarray(CHECKSUM_OFFSET, HEADER_BYTES))) return 'checksum';
  // Its padding left in, OpenSSL gives the plaintext in one piece.
  const decipher = createDecipheriv('aes-128-cbc', keys.key, keys.iv).setAutoPadding(false);
  return withoutPadding(decipher.update(ciphertext));
}

/** PKCS7: from 1 to 16 bytes at the end, each of which says how many they are. */
function withoutPadding(padded: Buffer): Buffer | 'bad-padding' {
  const count = padded.at(-1) ?? 0;
  if (count < 1 || count > BLOCK_BYTES) return 'bad-padding';
  const end = padded.length - count;
  for (let index = end; index < padded.length; index++) if (padded[index] !== count) return 'bad-padding';
  return padded.subarray(0, end);
}

/** The did as people know it: a decimal number. */
export function deviceIdText(did: Buffer): string {
  return did.readBigUInt64BE().toString();
}

function md5(...parts: Buffer[]): Buffer {
  const checksum = createHash('md5');
  for (const part of parts) checksum.update(part);
  return checksum.digest();
}

/** Half the time of `md5`, with a Node that has `hash` (20.12, 21.7). */
function md5OfOne(part: Buffer): Buffer {
  return typeof hash === 'function' ? hash('md5', part, 'buffer') : md5(part);
}
