/**
 * The platform's signature of a firmware (`digestsign` of a notice): base64, of the digest that the notice names. It
 * shows that the notice comes from the platform and not from somebody on the way; that the file has this digest is
 * checked as it is downloaded.
 *
 * The algorithm is not documented. Assumed, and not confirmed with the live platform: SHA-256 with the key's own scheme
 * (RSA with PKCS #1 v1.5, or ECDSA in DER) over the digest as lower-case hexadecimal text; over the digest's bytes is
 * accepted as well, since neither can be forged without the private key.
 * Source: Alibaba Cloud IoT Platform, "OTA update" (field `digestsign`).
 */
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { MialinkError } from '../../errors';
import type { NoticeFile } from './notice';

const RULE = 'an RSA or EC public key, in PEM or as the base64 of its DER (SPKI)';

/** Throws `settingInvalid` for what is no public key; a private one is refused too. `label` names the device in it. */
export function readPublicKey(text: string, label: string): KeyObject {
  const refused = new MialinkError('settingInvalid', {
    device: label,
    field: 'publicKey',
    rule: RULE,
    value: `the ${text.length} characters given`,
  });
  if (text.includes('PRIVATE KEY')) throw refused;
  let key: KeyObject;
  try {
    key = text.includes('-----BEGIN')
      ? createPublicKey(text)
      : createPublicKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'spki' });
  } catch {
    throw refused;
  }
  if (key.asymmetricKeyType !== 'rsa' && key.asymmetricKeyType !== 'ec') throw refused;
  return key;
}

/** Throws `otaSignatureMissing` or `otaSignatureWrong` unless every file is signed; `label` names the device in it. */
export function assertSigned(files: readonly NoticeFile[], key: KeyObject, label: string): void {
  for (const { name, sign, digestSign } of files) {
    const values = { device: label, file: name };
    if (digestSign === undefined) throw new MialinkError('otaSignatureMissing', values);
    const signature = Buffer.from(digestSign, 'base64');
    const signed = [Buffer.from(sign, 'ascii'), Buffer.from(sign, 'hex')];
    if (!signed.some((data) => verify('sha256', data, key, signature))) {
      throw new MialinkError('otaSignatureWrong', values);
    }
  }
}
