import assert from 'node:assert/strict';
import fc from 'fast-check';
import { credentialsOf, parseCredentials } from '../../../../lib/aliyun/registration/credentials';

const lamp = { productKey: 'a1b2c3d4e5f', deviceName: 'lamp:1@home' };

/** What may stand in an answer, with a liking for what is nearly right. */
const answers = fc.record(
  {
    productKey: fc.oneof(fc.constant(lamp.productKey), fc.jsonValue()),
    deviceName: fc.oneof(fc.constant(lamp.deviceName), fc.jsonValue()),
    deviceSecret: fc.oneof(fc.string({ maxLength: 80 }), fc.jsonValue()),
    clientId: fc.oneof(fc.string(), fc.jsonValue()),
    deviceToken: fc.oneof(fc.string(), fc.jsonValue()),
  },
  { requiredKeys: [] },
);

describe('the credentials in an answer', () => {
  it('are the secret of a device that was registered beforehand', () => {
    assert.deepEqual(credentialsOf({ ...lamp, deviceSecret: 's3' }, lamp), { deviceSecret: 's3' });
  });

  it('are clientId and token of one that was not', () => {
    const token = { clientId: 'c:1', deviceToken: 't~1=' };
    assert.deepEqual(credentialsOf({ ...lamp, ...token, more: 1 }, lamp), token);
  });

  it('are ours where the answer names nobody', () => {
    assert.deepEqual(credentialsOf({ deviceSecret: 's3' }, lamp), { deviceSecret: 's3' });
  });

  const useless: Record<string, unknown> = {
    'those of another device': { ...lamp, deviceName: 'lamp2', deviceSecret: 's3' },
    'those of another product': { ...lamp, productKey: 'b', deviceSecret: 's3' },
    'an empty secret': { ...lamp, deviceSecret: '' },
    'a secret of two lines': { ...lamp, deviceSecret: 'a\nb' },
    'a secret that is no text': { ...lamp, deviceSecret: { length: 3 } },
    'an endless secret': { ...lamp, deviceSecret: 's'.repeat(65) },
    'a token without its clientId': { ...lamp, deviceToken: 't' },
    'a clientId that would end early': { ...lamp, clientId: 'a|securemode=3', deviceToken: 't' },
    'an endless token': { ...lamp, clientId: 'c', deviceToken: 't'.repeat(2049) },
    'a hidden secret': JSON.parse('{"__proto__":{"deviceSecret":"s3"}}'),
    'a list': [{ deviceSecret: 's3' }],
    nothing: null,
  };
  for (const [what, body] of Object.entries(useless)) {
    it(`are not ${what}`, () => assert.equal(credentialsOf(body, lamp), undefined));
  }

  it('are read from any text without an exception', () => {
    for (const text of ['', '{', 'null', '[]', '{"deviceSecret":', `${'['.repeat(4000)}`]) {
      assert.equal(parseCredentials(text, lamp), undefined);
    }
    fc.assert(fc.property(fc.string(), (text) => parseCredentials(text, lamp) === undefined));
  });

  it('are words of printable characters, whatever the answer holds', () => {
    fc.assert(
      fc.property(answers, (answer) => {
        const found = parseCredentials(JSON.stringify(answer), lamp);
        for (const word of Object.values(found ?? {})) assert.match(word, /^[\x21-\x7e]{1,2048}$/);
      }),
    );
  });
});
