import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseConfigNotice } from '../../../../../lib/aliyun/functions/remote-config';
import { MialinkError } from '../../../../../lib/errors';

const sha256 = 'a'.repeat(63).concat('B');
const md5 = '93230c3bde425a9d7984a594ac55ea1e';
const notice = {
  configId: 'config-1',
  configSize: 1234,
  sign: sha256,
  signMethod: 'Sha256',
  url: 'https://config.example.com/1.json?Signature=topsecret',
  getType: 'file',
};

function refusal(value: unknown): string {
  try {
    parseConfigNotice(value, 'lamp');
  } catch (error) {
    assert.ok(error instanceof MialinkError);
    assert.deepEqual([error.reason, error.code], ['configNoticeInvalid', 'CODEC']);
    assert.doesNotMatch(error.message, /topsecret/);
    return error.message;
  }
  assert.fail(`accepted: ${JSON.stringify(value)}`);
}

describe('the notice of a remote configuration', () => {
  it('is read as documented', () => {
    assert.deepEqual(parseConfigNotice(notice, 'lamp'), {
      configId: 'config-1',
      size: 1234,
      signMethod: 'sha256',
      sign: sha256.toLowerCase(),
      url: notice.url,
    });
  });

  it('spells the digest method as it likes, and numbers as text', () => {
    for (const signMethod of ['SHA256', 'sha256', undefined]) {
      assert.equal(parseConfigNotice({ ...notice, signMethod }, 'lamp').signMethod, 'sha256');
    }
    const old = parseConfigNotice(
      { ...notice, signMethod: 'Md5', sign: md5, configSize: '10', configId: 7 },
      'lamp',
    );
    assert.deepEqual([old.signMethod, old.sign, old.size, old.configId], ['md5', md5, 10, '7']);
  });

  const bad: [string, unknown, RegExp][] = [
    ['nothing', undefined, /not an object/],
    ['an array', [], /not an object/],
    ['no id', { ...notice, configId: '' }, /no configId/],
    ['an endless id', { ...notice, configId: 'x'.repeat(129) }, /no configId/],
    ['no address', { ...notice, url: undefined }, /no address/],
    ['no size', { ...notice, configSize: undefined }, /configSize/],
    ['a size of zero', { ...notice, configSize: 0 }, /configSize/],
    ['a broken size', { ...notice, configSize: '1.5' }, /configSize/],
    ['a size of another type', { ...notice, configSize: [5] }, /configSize/],
    ['no digest', { ...notice, sign: undefined }, /64 hexadecimal/],
    ['a digest of the other method', { ...notice, signMethod: 'Md5' }, /32 hexadecimal/],
    ['a digest of other letters', { ...notice, sign: 'x'.repeat(64) }, /64 hexadecimal/],
    ['an unknown digest method', { ...notice, signMethod: 'SM3' }, /signMethod/],
  ];
  for (const [what, value, cause] of bad) {
    it(`is refused with ${what}`, () => assert.match(refusal(value), cause));
  }

  it('can be used when it is accepted, whatever arrives', () => {
    const field = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom(...Object.values(notice), md5, 'Md5', '__proto__'),
    );
    const nearly = fc
      .dictionary(fc.constantFrom(...Object.keys(notice)), field)
      .map((fields) => ({ ...notice, ...fields }));
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), nearly), (value) => {
        try {
          const { configId, size, sign, signMethod, url } = parseConfigNotice(value, 'lamp');
          assert.ok(configId !== '' && url !== '' && Number.isSafeInteger(size) && size > 0);
          assert.match(sign, signMethod === 'md5' ? /^[\da-f]{32}$/ : /^[\da-f]{64}$/);
        } catch (error) {
          assert.ok(error instanceof MialinkError, String(error));
        }
      }),
      { numRuns: 500 },
    );
  });
});
