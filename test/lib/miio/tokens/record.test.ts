import assert from 'node:assert/strict';
import fc from 'fast-check';
import { plainToken } from '../../../../lib/miio/tokens/ios-token';
import { distinct, toRecord } from '../../../../lib/miio/tokens/record';
import { LAMP, PLUG } from './fixtures';

/** Made by python-miio’s own way of encryption. */
const ZTOKEN =
  '5c96c159791887b69d03dcbdfc8a0ecc6f4e6be24d9bbb58980eb9cf777b72140143db63ee66b0cdff9f69917680151e';

describe('an encrypted token of iOS', () => {
  it('is decrypted', () => assert.equal(plainToken(ZTOKEN), LAMP.token));

  it('is what it is when its last block is another one, or it has another length', () => {
    for (const text of [`${ZTOKEN.slice(0, -1)}f`, ZTOKEN.slice(0, 64), `${ZTOKEN}00`, LAMP.token, '', 'x'])
      assert.equal(plainToken(text), text);
  });

  it('gives no record when another text was encrypted', () => {
    assert.equal(toRecord({ deviceId: '1', token: `00${ZTOKEN.slice(2)}` }), undefined);
  });
});

describe('the record of a device', () => {
  it('has its values in one form', () => {
    const raw = { ...LAMP, mac: '286c07aabb01', token: ` ${LAMP.token.toUpperCase()} ` };
    assert.deepEqual(toRecord(raw), LAMP);
    assert.equal(toRecord({ ...LAMP, mac: '28-6C-07-AA-BB-01' })?.mac, LAMP.mac);
  });

  it('has no line ends, control characters or turned text in its name', () => {
    assert.equal(toRecord({ ...LAMP, name: 'a\r\n\u001b[31mb\u202ec\u0000' })?.name, 'a[31mbc');
    assert.equal(toRecord({ ...LAMP, name: 'Küche 插座 💡' })?.name, 'Küche 插座 💡');
  });

  it('has no address of nobody, and no id of a device behind a gateway', () => {
    assert.equal(toRecord({ ...LAMP, address: '0.0.0.0' })?.address, '');
    assert.equal(toRecord({ ...LAMP, deviceId: 'lumi.158d00' })?.deviceId, '');
  });

  it('is none without a token, or without anything that tells whose it is', () => {
    for (const token of ['', undefined, null, 7, {}, 'short', 'g'.repeat(32), 'a'.repeat(33)])
      assert.equal(toRecord({ ...LAMP, token }), undefined);
    assert.equal(toRecord({ name: 'Lamp', token: LAMP.token }), undefined);
  });

  it('of any values is none, or short clean texts', () => {
    const value = fc.oneof(fc.anything(), fc.string({ unit: 'binary' }), fc.constant(LAMP.token));
    const raw = fc.record({
      name: value,
      model: value,
      mac: value,
      address: value,
      deviceId: fc.nat(),
      token: value,
    });
    fc.assert(
      fc.property(raw, (values) => {
        for (const text of Object.values(toRecord(values) ?? {})) {
          assert.equal(typeof text, 'string');
          assert.ok(text.length <= 100);
          assert.doesNotMatch(text, /\p{Cc}/u);
        }
      }),
    );
  });
});

describe('records', () => {
  it('of one device are one, the first: by its id or by its mac', () => {
    const later = { ...LAMP, token: PLUG.token };
    assert.deepEqual(distinct([LAMP, { ...later, mac: '' }, { ...later, deviceId: '' }, PLUG]), [LAMP, PLUG]);
  });

  it('without id and mac are one when the address and the token are the same', () => {
    const nameless = { ...LAMP, mac: '', deviceId: '' };
    const other = { ...nameless, address: '192.168.1.99' };
    assert.deepEqual(distinct([nameless, { ...nameless }, other]), [nameless, other]);
  });
});
