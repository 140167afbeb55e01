/**
 * The column ZTOKEN of Mi Home on iOS (pure). Older versions of the app wrote the token as it is. Newer ones wrote 96
 * hexadecimal digits: the 32 digits of the token as text, encrypted with AES-128-ECB and a key of 16 zero bytes,
 * padded by PKCS#7. The padding is a whole block, so the last 32 digits are the same for every token.
 * Source: python-miio (observed), golden value in the tests.
 */
import { createDecipheriv } from 'node:crypto';

const ENCRYPTED = /^[0-9a-f]{64}0143db63ee66b0cdff9f69917680151e$/i;
const TOKEN_BYTES = 32;

/** The token of an encrypted ZTOKEN; any other text as it is. */
export function plainToken(text: string): string {
  if (!ENCRYPTED.test(text)) return text;
  const decipher = createDecipheriv('aes-128-ecb', Buffer.alloc(16), null).setAutoPadding(false);
  return decipher.update(text, 'hex').subarray(0, TOKEN_BYTES).toString('latin1');
}
