import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { hmacHex, SIGN_METHODS, type SignMethod, signIn } from '../../../lib/aliyun/identity';
import { GLOBALSIGN_ROOT_R1 } from '../../../lib/aliyun/roots';
import { vectors } from '../../vectors/aliyun.json';

function signMethodOf(method = ''): SignMethod {
  if (method === 'hmacsha256' || method === 'hmacsha1' || method === 'hmacmd5') return method;
  throw new Error(`unknown method ${method}`);
}

/** The keys between the bars, whose order is free. */
function partsOf(clientId: string): { cid: string; keys: Record<string, string> } {
  const [cid = '', keys = '', rest] = clientId.split('|');
  assert.equal(rest, '', 'a clientId ends with a bar');
  return { cid, keys: Object.fromEntries(keys.split(',').map((pair) => pair.split('='))) };
}

const signs = vectors.filter(({ kind }) => kind === 'mqtt-sign');

describe('Aliyun identity', () => {
  it('has vectors to be checked with', () => assert.equal(signs.length, 9));

  for (const { name, input, clientId, username, password } of signs) {
    const { productKey = '', deviceName = '', deviceSecret = '', signMethod } = input;
    if (typeof clientId !== 'string') {
      it(`signs without a clientId as ${name}`, () => {
        const sign = hmacHex(signMethodOf(signMethod), deviceSecret, { productKey, deviceName });
        assert.equal(sign, password?.toLowerCase());
      });
      continue;
    }
    it(`signs in as ${name}`, () => {
      const { cid, keys } = partsOf(clientId);
      const { securemode, signmethod: _, timestamp, ...extras } = keys;
      const mine = signIn(
        { productKey, deviceName, deviceSecret },
        {
          clientId: input.clientId ?? undefined,
          signMethod: signMethodOf(signMethod),
          timestamp,
          secureMode: securemode === '2' ? 2 : 3,
          extras,
        },
      );
      assert.deepEqual(partsOf(mine.clientId), { cid, keys });
      assert.equal(mine.username, username);
      assert.equal(mine.password, password?.toLowerCase());
    });
  }

  for (const { name, input, sign } of vectors.filter(({ kind }) => /^(dynreg|subdev)-sign$/.test(kind))) {
    it(`signs ${name}`, () => {
      const { signMethod, productKey, deviceName, clientId, timestamp, random } = input;
      const fields = { productKey, deviceName, clientId, timestamp, random };
      const given = Object.entries(fields).flatMap(([key, value]) => (value ? [[key, value]] : []));
      const secret = input.deviceSecret ?? input.productSecret ?? '';
      assert.equal(hmacHex(signMethodOf(signMethod), secret, Object.fromEntries(given)), sign?.toLowerCase());
    });
  }

  it('signs the dynamic registration over MQTT', () => {
    const vector = vectors.find(({ kind }) => kind === 'mqtt-dynreg');
    const { productKey = '', deviceName = '', productSecret = '', random = '' } = vector?.input ?? {};
    const fields = { productKey, deviceName, random };
    assert.equal(hmacHex('hmacsha256', productSecret, fields), vector?.password?.toLowerCase());
  });

  it('signs with sha256 and without a timestamp unless told otherwise', () => {
    const mine = signIn({ productKey: 'pk', deviceName: 'dn', deviceSecret: 's' }, { secureMode: 2 });
    assert.equal(mine.clientId, 'pk.dn|securemode=2,signmethod=hmacsha256|');
    assert.equal(mine.password.length, 64);
  });

  it('gives each method a signature of its own', () => {
    const all = SIGN_METHODS.map((method) => hmacHex(signMethodOf(method), 'secret', { a: 'b' }));
    assert.deepEqual(
      all.map(({ length }) => length).sort((a, b) => a - b),
      [32, 40, 64],
    );
  });

  it('carries GlobalSign Root CA R1, and nothing else under its name', () => {
    assert.equal(
      new X509Certificate(GLOBALSIGN_ROOT_R1).fingerprint,
      'B1:BC:96:8B:D4:F4:9D:62:2A:A8:9A:81:F2:15:01:52:A4:1D:82:9C',
    );
  });
});
