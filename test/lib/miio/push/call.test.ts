import assert from 'node:assert/strict';
import fc from 'fast-check';
import { readCall } from '../../../../lib/miio/push/call';
import { MAX_DEPTH } from '../../../../lib/untrusted';

const read = (text: string) => readCall(Buffer.from(text));

describe('a call of a device', () => {
  it('has an id, a method and whatever params', () => {
    assert.deepEqual(read('{"id":7,"method":"m","params":[1]}'), { id: 7, method: 'm', params: [1] });
    assert.deepEqual(read('{"id":7,"method":"m"}'), { id: 7, method: 'm', params: undefined });
  });

  it('is read in spite of what firmware adds: NUL, garbage behind it, malformed numbers', () => {
    const expected = { id: 7, method: 'm', params: [{ value: 6 }] };
    assert.deepEqual(read('{"id":7,"method":"m","params":[{"value":6}]}\0'), expected);
    assert.deepEqual(read('{"id":7,"method":"m","params":[{"value":6}]}\0\x07x'), expected);
    assert.deepEqual(read('{"id":7,"method":"m","params":[{"value":06}]}'), expected);
  });

  for (const [what, text] of [
    ['an answer', '{"id":7,"result":["ok"]}'],
    ['no object', '["m"]'],
    ['no JSON', 'm'],
    ['nothing', ''],
    ['an id as text', '{"id":"7","method":"m"}'],
    ['a negative id', '{"id":-7,"method":"m"}'],
    ['an id beyond 31 bits', '{"id":2147483648,"method":"m"}'],
    ['a method that is no text', '{"id":7,"method":["m"]}'],
    ['params deeper than anybody needs', `{"id":7,"method":"m","params":${'['.repeat(40)}${']'.repeat(40)}}`],
  ] as const) {
    it(`is not ${what}`, () => {
      assert.equal(read(text), undefined);
    });
  }

  it('brings no key __proto__', () => {
    const call = read('{"id":7,"method":"m","params":{"__proto__":{"admin":true},"a":1}}');
    assert.deepEqual(Object.keys(call?.params as object), ['a']);
  });

  it('is read from any bytes without a throw, and from JSON as it was written', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        readCall(Buffer.from(bytes));
      }),
    );
    const params = fc.jsonValue({ maxDepth: MAX_DEPTH - 8 });
    fc.assert(
      fc.property(fc.nat(), fc.string(), params, (id, method, value) => {
        const written = JSON.stringify({ id, method, params: value });
        fc.pre(!written.includes('__proto__'));
        assert.deepEqual(read(written), { id, method, params: JSON.parse(written).params });
      }),
    );
  });
});
