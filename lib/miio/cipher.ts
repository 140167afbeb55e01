/**
 * AES-128-CBC with a key and an initial vector that never change, as miIO has them. To make a context of OpenSSL takes
 * three times as long as to use it on a packet, so one serves for all. It goes on in its chain: what it does to the
 * first block is the exclusive or with the last block before instead of with the initial vector, which is undone here.
 *
 *   chained   C0 = E(P0 ^ last)      wanted   C0 = E(P0 ^ iv)      so P0 ^ iv ^ last is what it is given
 *   chained   P0 = D(C0) ^ last      wanted   P0 = D(C0) ^ iv      so ^ iv ^ last is what its result is given
 *
 * Source: NIST SP 800-38A, chapter 6.2.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto';

export const BLOCK_BYTES = 16;
const ALGORITHM = 'aes-128-cbc';

/** One direction; what goes in is a whole number of blocks, one at least. */
type Context = ReturnType<typeof createCipheriv> | ReturnType<typeof createDecipheriv>;

export class Cipher {
  private readonly encryption: Context;
  private readonly decryption: Context;
  /** What the first block of the next is changed by: all 0 at first. */
  private readonly encryptionMask = Buffer.alloc(BLOCK_BYTES);
  private readonly decryptionMask = Buffer.alloc(BLOCK_BYTES);

  constructor(
    readonly key: Buffer,
    readonly iv: Buffer,
  ) {
    this.encryption = createCipheriv(ALGORITHM, key, iv).setAutoPadding(false);
    this.decryption = createDecipheriv(ALGORITHM, key, iv).setAutoPadding(false);
  }

  /** The ciphertext of `plaintext`, with the padding of PKCS7. */
  encrypt(plaintext: Buffer): Buffer {
    const padding = BLOCK_BYTES - (plaintext.length % BLOCK_BYTES);
    const blocks = Buffer.allocUnsafe(plaintext.length + padding);
    blocks.set(plaintext);
    blocks.fill(padding, plaintext.length);
    exclusiveOr(blocks, this.encryptionMask);
    const ciphertext = this.encryption.update(blocks);
    this.setMask(this.encryptionMask, ciphertext);
    return ciphertext;
  }

  /** The plaintext of whole blocks, one at least; undefined where the padding is none. */
  decrypt(ciphertext: Buffer): Buffer | undefined {
    const blocks = this.decryption.update(ciphertext);
    exclusiveOr(blocks, this.decryptionMask);
    this.setMask(this.decryptionMask, ciphertext);
    return withoutPadding(blocks);
  }

  /** `iv ^ last`, where `last` is the end of this ciphertext. */
  private setMask(mask: Buffer, ciphertext: Buffer): void {
    const last = ciphertext.length - BLOCK_BYTES;
    for (let index = 0; index < BLOCK_BYTES; index++) mask[index] = ciphertext[last + index] ?? 0;
    exclusiveOr(mask, this.iv);
  }
}

/** Changes the first block of `bytes`. */
function exclusiveOr(bytes: Buffer, mask: Buffer): void {
  for (let index = 0; index < BLOCK_BYTES; index++) bytes[index] = (bytes[index] ?? 0) ^ (mask[index] ?? 0);
}

/** PKCS7: from 1 to 16 bytes at the end, each of which says how many they are. */
function withoutPadding(padded: Buffer): Buffer | undefined {
  const count = padded.at(-1) ?? 0;
  if (count < 1 || count > BLOCK_BYTES) return undefined;
  const end = padded.length - count;
  for (let index = end; index < padded.length; index++) if (padded[index] !== count) return undefined;
  return padded.subarray(0, end);
}
