import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import fc from 'fast-check';
import type { NoticeFile } from '../../../../lib/aliyun/ota/notice';
import { assertSigned, readPublicKey } from '../../../../lib/aliyun/ota/signature';
import { MialinkError } from '../../../../lib/errors';
import { data, UpgradeBench } from './upgrade-bench';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const other = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pem = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString();
const der = rsa.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');

const signatureOf = (bytes: Buffer, key: KeyObject = rsa.privateKey) =>
  sign('sha256', bytes, key).toString('base64');
const DIGEST = 'a1'.repeat(32);
const TEXT = Buffer.from(DIGEST);
const fileWith = (digestSign?: string): NoticeFile => ({
  name: 'default-2.0.0.bin',
  size: 1,
  signMethod: 'sha256',
  sign: DIGEST,
  digestSign,
});

describe('the signature of a firmware', () => {
  const key = readPublicKey(pem, 'lamp');

  it('is right over the digest as text, and over its bytes', () => {
    assertSigned(
      [fileWith(signatureOf(TEXT)), fileWith(signatureOf(Buffer.from(DIGEST, 'hex')))],
      key,
      'lamp',
    );
  });

  it('is read with a key in PEM, in the base64 of its DER, and on an elliptic curve', () => {
    assertSigned([fileWith(signatureOf(TEXT))], readPublicKey(der, 'lamp'), 'lamp');
    const curve = ec.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    assertSigned([fileWith(signatureOf(TEXT, ec.privateKey))], readPublicKey(curve, 'lamp'), 'lamp');
  });

  it('is wrong by another key, over another digest, or in one file of two', () => {
    const right = fileWith(signatureOf(TEXT));
    for (const digestSign of [
      signatureOf(TEXT, other.privateKey),
      signatureOf(Buffer.from('b2')),
      'x',
      ' ',
    ]) {
      assert.throws(() => assertSigned([right, fileWith(digestSign)], key, 'lamp'), {
        reason: 'otaSignatureWrong',
        message: /^lamp: .*default-2\.0\.0\.bin.*public key/,
      });
    }
  });

  it('is missed where a key is configured', () => {
    assert.throws(() => assertSigned([fileWith()], key, 'lamp'), { reason: 'otaSignatureMissing' });
  });

  it('is checked without an accident, whatever it is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String()), (digestSign) => {
        assert.throws(() => assertSigned([fileWith(digestSign)], key, 'lamp'), MialinkError);
      }),
    );
  });

  it('needs a public key, and says so without quoting what was entered', () => {
    const secret = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const dsa = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const secretDer = rsa.privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64');
    for (const text of ['key', '-----BEGIN PUBLIC KEY-----', secret, secretDer, dsa]) {
      assert.throws(
        () => readPublicKey(text, 'lamp'),
        (error: MialinkError) => {
          assert.equal(error.reason, 'settingInvalid');
          assert.match(error.message, /lamp: publicKey must be an RSA or EC public key/);
          assert.ok(!error.message.includes(text.slice(40, 80)) || text.length < 40);
          return true;
        },
      );
    }
  });
});

describe('a firmware upgrade with a public key', () => {
  let bench: UpgradeBench;

  beforeEach(() => {
    bench = new UpgradeBench();
  });
  afterEach(() => bench.close());

  const signed = { ...data, digestsign: signatureOf(Buffer.from(data.sign)) };

  it('takes what is signed', async () => {
    bench.start({ publicKey: rsa.publicKey });
    await bench.device.push(signed);
    await bench.finish();
    assert.equal(bench.told.firmware.length, 1);
  });

  for (const [what, notice, reason] of [
    ['is not signed', data, 'otaSignatureMissing'],
    ['is signed by another', { ...data, digestsign: signatureOf(TEXT) }, 'otaSignatureWrong'],
  ] as const) {
    it(`fails with step -3 when it ${what}, and downloads nothing`, async () => {
      const client = bench.start({ publicKey: rsa.publicKey });
      await bench.device.push(notice);
      await bench.until(() => bench.told.failures.length > 0);
      bench.assertFailed(client, -3, reason);
      assert.equal(bench.downloads.started.length, 0);
    });
  }

  it('does not trust a state on disk either', async () => {
    bench.start();
    await bench.device.push(data);
    await bench.close();
    const client = bench.start({ publicKey: rsa.publicKey });
    await bench.until(() => bench.told.failures.length > 0);
    bench.assertFailed(client, -3, 'otaSignatureMissing');
  });
});
