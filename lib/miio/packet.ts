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
import { createHash, hash, timingSafeEqual } from 'node:crypto';
import { BLOCK_BYTES, Cipher } from './cipher';

export const MIIO_PORT = 54_321;
export const HEADER_BYTES = 32;
/** A datagram carries 65,507 bytes; header and padding go off. */
export const MAX_PLAINTEXT_BYTES = 65_507 - HEADER_BYTES - 16;

const MAGIC = 0x2131;
const DID_OFFSET = 4;
const STAMP_OFFSET = 12;
const CHECKSUM_OFFSET = 16;

/** Answered by every device with a 32-byte packet that tells its did and stamp. */
export const HELLO: Buffer = Buffer.from(`21310020${'ff'.repeat(28)}`, 'hex');

/** What derives from a token; made once for a device. */
export interface Keys {
  token: Buffer;
  cipher: Cipher;
}

export function deriveKeys(token: Buffer): Keys {
  const key = Buffer.from(md5(token), 'hex');
  const iv = Buffer.from(md5(Buffer.concat([key, token])), 'hex');
  return { token, cipher: new Cipher(key, iv) };
}

/** `did` is the raw 8 bytes, so that nothing is converted on the way of a command. */
export function encodePacket(did: Buffer, stamp: number, plaintext: Buffer, keys: Keys): Buffer {
  const ciphertext = keys.cipher.encrypt(plaintext);
  const packet = Buffer.allocUnsafe(HEADER_BYTES + ciphertext.length);
  packet.writeUInt16BE(MAGIC, 0);
  packet.writeUInt16BE(packet.length, 2);
  packet.set(did, DID_OFFSET);
  packet.writeUInt32BE(stamp >>> 0, STAMP_OFFSET);
  packet.set(ciphertext, HEADER_BYTES);
  seal(packet, keys);
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

/** The header of a datagram, read where it is asked for. */
export class Packet {
  constructor(private readonly datagram: Buffer) {}

  /** `handshake`: header only, the answer to a hello and never to a command. */
  get kind(): 'handshake' | 'data' {
    return this.datagram.length === HEADER_BYTES ? 'handshake' : 'data';
  }

  get did(): Buffer {
    return this.datagram.subarray(DID_OFFSET, STAMP_OFFSET);
  }

  get stamp(): number {
    return this.datagram.readUInt32BE(STAMP_OFFSET);
  }

  /** In a handshake perhaps the token, otherwise the checksum. */
  get checksumField(): Buffer {
    return this.datagram.subarray(CHECKSUM_OFFSET, HEADER_BYTES);
  }
}

/** Reads the header of anything that arrives; a string says why the datagram is dropped. */
export function parsePacket(datagram: Buffer): Packet | DropReason {
  if (datagram.length < HEADER_BYTES) return 'too-short';
  if (datagram.readUInt16BE(0) !== MAGIC) return 'bad-magic';
  if (datagram.readUInt16BE(2) !== datagram.length) return 'length-mismatch';
  if (datagram.length % BLOCK_BYTES !== 0) return 'ciphertext-not-multiple-of-16';
  if (datagram.compare(HELLO, DID_OFFSET, STAMP_OFFSET, DID_OFFSET, STAMP_OFFSET) === 0) return 'hello-echo';
  return new Packet(datagram);
}

/** The plaintext of a `data` packet; verified over the received bytes before anything is decrypted. */
export function openPacket(datagram: Buffer, keys: Keys): Buffer | DropReason {
  const sealed = Buffer.allocUnsafe(datagram.length);
  sealed.set(datagram);
  seal(sealed, keys);
  if (!timingSafeEqual(sealed, datagram)) return 'checksum';
  return keys.cipher.decrypt(datagram.subarray(HEADER_BYTES)) ?? 'bad-padding';
}

/** Writes the checksum, which is that of the packet with the token in its place. */
function seal(packet: Buffer, { token }: Keys): void {
  packet.set(token, CHECKSUM_OFFSET);
  packet.write(md5(packet), CHECKSUM_OFFSET, 'hex');
}

/** The did as people know it: a decimal number. */
export function deviceIdText(did: Buffer): string {
  return did.readBigUInt64BE().toString();
}

/**
 * As hexadecimal digits, since a buffer takes longer to make than the digest itself. The one-shot `hash` takes half
 * the time, with a Node that has it (20.12, 21.7).
 */
function md5(bytes: Buffer): string {
  if (typeof hash === 'function') return hash('md5', bytes, 'hex');
  return createHash('md5').update(bytes).digest('hex');
}
