/** The token as a person types it and as a hello reply shows it; it never appears in a text. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { MialinkError } from '../../../lib/errors';
import { disclosedToken, parseToken } from '../../../lib/miio/token';
import { because } from './conversation';

const DIGITS = '6c616d7031a1b2c3d4e5f60718293a4b';

describe('a miIO token', () => {
  it('is read in upper and lower case, with blanks around it', () => {
    for (const typed of [
      DIGITS,
      DIGITS.toUpperCase(),
      ` ${DIGITS}\n`,
      '\t6C616d7031a1b2c3d4e5f60718293a4b',
    ]) {
      assert.equal(parseToken(typed, 'the lamp').toString('hex'), DIGITS);
    }
  });

  it('may be all zeros, as devices out of the box have it', () => {
    assert.deepEqual(parseToken('0'.repeat(32), 'the lamp'), Buffer.alloc(16));
  });

  it('is missing when nothing is typed', () => {
    for (const typed of [undefined, '', '  ']) {
      assert.throws(() => parseToken(typed, 'the lamp'), because('tokenMissing', /^the lamp: the token/));
    }
  });

  it('is malformed in any other form, and the error does not repeat it', () => {
    const malformed = [DIGITS.slice(1), `${DIGITS}0`, `g${DIGITS.slice(1)}`, `${DIGITS} ${DIGITS}`];
    for (const typed of [...malformed, `0x${DIGITS.slice(2)}`]) {
      assert.throws(
        () => parseToken(typed, 'the lamp'),
        (error: unknown) => {
          assert.ok(because('tokenMalformed', /32 hexadecimal digits/)(error));
          assert.ok(!`${error} ${JSON.stringify(error)}`.includes(typed));
          return true;
        },
      );
    }
  });

  it('reads any text or throws a CONFIG error', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), (text) => {
        try {
          assert.equal(parseToken(text, 'x').length, 16);
        } catch (error) {
          assert.ok(error instanceof MialinkError && error.code === 'CONFIG');
        }
      }),
    );
    const bytes = fc.uint8Array({ minLength: 16, maxLength: 16 });
    fc.assert(
      fc.property(bytes, (token) => {
        const text = Buffer.from(token).toString('hex');
        assert.equal(parseToken(text, 'x').toString('hex'), text);
      }),
    );
  });
});

describe('the token field of a hello reply', () => {
  it('discloses what is neither zeros nor ff', () => {
    assert.equal(disclosedToken(Buffer.from(DIGITS, 'hex')), DIGITS);
    const mixed = 'ff00'.repeat(8);
    assert.equal(disclosedToken(Buffer.from(mixed, 'hex')), mixed);
  });

  it('hides it behind zeros, ff, or the subscription block', () => {
    assert.equal(disclosedToken(Buffer.alloc(16)), undefined);
    assert.equal(disclosedToken(Buffer.alloc(16, 0xff)), undefined);
    assert.equal(disclosedToken(Buffer.from('MSUB............')), undefined);
  });
});
