/**
 * An Android backup (`adb backup -f x.ab …`): a tar, packed and encrypted as its header says.
 *
 *   ANDROID BACKUP\n | version 1-5\n | packed 0 or 1\n | none or AES-256\n
 *   with AES-256 five lines more, hexadecimal but for the rounds: salt of the password, salt of the checksum,
 *     rounds of PBKDF2, IV, and the encrypted key: length, IV | length, key | length, checksum (lengths of one byte)
 *   then the tar, inside zlib where packed, inside AES-256-CBC with PKCS#7 padding where encrypted
 *
 * The key is encrypted by PBKDF2-HMAC-SHA1 of the password (32 bytes), and its checksum is PBKDF2 of the key itself.
 * The key goes in as Java characters: a byte from 0x80 becomes U+FF80 and so on, and then UTF-8. Backups of version 1
 * were made by phones that take only the low 8 bits of each character, or by ones that take UTF-8.
 * Source: the Android Open Source Project (backup service), observed by abe (Android backup extractor).
 */
import { createDecipheriv, pbkdf2, timingSafeEqual } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline, Readable, type Transform } from 'node:stream';
import { promisify } from 'node:util';
import { createInflate } from 'node:zlib';
import { MialinkError } from '../../errors';

const MAGIC = 'ANDROID BACKUP\n';
const VERSIONS = ['1', '2', '3', '4', '5'];
const KEY_BYTES = 32;
/** Phones write 10,000. */
const MAX_ROUNDS = 1_000_000;
/** All a header may have: it is some 500 bytes long. */
export const MAX_HEADER_BYTES = 4_096;

type Encoding = 'utf8' | 'latin1';

interface Header {
  version: string;
  isPacked: boolean;
  encryption: string;
  /** The five lines more, where there are. */
  secrets: string[];
  bytes: number;
}

interface Key {
  key: Buffer;
  iv: Buffer;
}

/** Whether these bytes, the first of a file, are the header of a backup. */
export function isBackup(start: Buffer): boolean {
  return start.toString('latin1', 0, MAGIC.length) === MAGIC;
}

/**
 * The tar in the backup at `path`, whose first bytes (up to `MAX_HEADER_BYTES`) are `start`. Texts call it `file`.
 * Throws `tokensPasswordMissing` and `tokensPasswordWrong`, and an Error where the header is broken; what is broken
 * later comes out of the stream.
 */
export async function openBackup(
  path: string,
  start: Buffer,
  file: string,
  password: string,
): Promise<Readable> {
  const header = readHeader(start);
  // A phone that leaves the app out may write no archive at all.
  if (start.length === header.bytes) return Readable.from([]);
  const transforms: Transform[] = [];
  if (header.encryption === 'AES-256') {
    if (password === '') throw new MialinkError('tokensPasswordMissing', { file });
    const found = await findKey(header, password);
    if (!found) throw new MialinkError('tokensPasswordWrong', { file });
    transforms.push(createDecipheriv('aes-256-cbc', found.key, found.iv));
  }
  if (header.isPacked) transforms.push(createInflate());
  const stored = createReadStream(path, { start: header.bytes });
  const tar = transforms.at(-1);
  if (!tar) return stored;
  // Whoever reads the last stream gets the error of any.
  pipeline([stored, ...transforms], () => undefined);
  return tar;
}

function readHeader(start: Buffer): Header {
  const lines = start.toString('latin1').split('\n');
  const [, version = '', packed = '', encryption = ''] = lines;
  if (!VERSIONS.includes(version)) throw new Error('its version is none of 1 to 5');
  if (!['0', '1'].includes(packed)) throw new Error('its packing is neither 0 nor 1');
  if (!['none', 'AES-256'].includes(encryption)) throw new Error('its encryption is an unknown one');
  const count = encryption === 'none' ? 4 : 9;
  if (lines.length <= count) throw new Error('its header is cut off');
  const bytes = lines.slice(0, count).join('\n').length + 1;
  return { version, isPacked: packed === '1', encryption, secrets: lines.slice(4, count), bytes };
}

/** Undefined where the password is a wrong one. */
async function findKey({ version, secrets }: Header, password: string): Promise<Key | undefined> {
  const [userSalt = '', checksumSalt = '', rounds = '', iv = '', blob = ''] = secrets;
  const isHex = [userSalt, checksumSalt, iv, blob].every((text) => /^([\da-f]{2})+$/i.test(text));
  const isCountable = /^\d{1,7}$/.test(rounds) && Number(rounds) >= 1 && Number(rounds) <= MAX_ROUNDS;
  if (!isHex || !isCountable || iv.length !== 32) throw new Error('the header of its encryption is broken');
  const derive = (secret: Buffer, salt: string) =>
    promisify(pbkdf2)(secret, Buffer.from(salt, 'hex'), Number(rounds), KEY_BYTES, 'sha1');
  const encodings: Encoding[] = version === '1' ? ['utf8', 'latin1'] : ['utf8'];
  for (const encoding of encodings) {
    const userKey = await derive(Buffer.from(password, encoding), userSalt);
    const found = decryptKey(userKey, Buffer.from(iv, 'hex'), Buffer.from(blob, 'hex'));
    if (!found) continue;
    const checksum = await derive(Buffer.from(asJavaText(found.key), encoding), checksumSalt);
    if (checksum.length === found.checksum.length && timingSafeEqual(checksum, found.checksum)) return found;
  }
  return undefined;
}

/** Undefined for nonsense, which is what a wrong password mostly gives. */
function decryptKey(userKey: Buffer, iv: Buffer, blob: Buffer): (Key & { checksum: Buffer }) | undefined {
  const plain = decrypt(userKey, iv, blob);
  const parts: Buffer[] = [];
  for (let at = 0; at < plain.length; at += 1 + plain.readUInt8(at)) {
    parts.push(plain.subarray(at + 1, at + 1 + plain.readUInt8(at)));
  }
  const [bodyIv, key, checksum] = parts;
  const isWhole = bodyIv?.length === 16 && key?.length === KEY_BYTES && checksum !== undefined;
  return isWhole ? { iv: bodyIv, key, checksum } : undefined;
}

function decrypt(key: Buffer, iv: Buffer, data: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-cbc', key, iv);
  try {
    return Buffer.concat([decipher.update(data), decipher.final()]);
  } catch {
    return Buffer.alloc(0);
  }
}

/** Java widens a signed byte to a character. */
function asJavaText(bytes: Buffer): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte < 0x80 ? byte : 0xff00 + byte)).join('');
}
