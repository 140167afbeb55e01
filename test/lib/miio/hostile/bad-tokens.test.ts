/** A token that cannot be one is refused at once, with the reason and without repeating it, and nothing is sent. */
import assert from 'node:assert/strict';
import type { Socket } from 'node:dgram';
import { inspect } from 'node:util';
import { MialinkError } from '../../../../lib/errors';
import { Network } from '../../../../lib/miio';
import { Puppet } from '../puppet';
import { recording } from './stage';

const DIGITS = '6c616d7031a1b2c3d4e5f60718293a4b';
const fullWidth = (text: string) =>
  text.replace(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit)));

const MISSING: [string, string][] = [
  ['of no characters', ''],
  ['of blanks', ' \t\n'],
];
const MALFORMED: [string, string][] = [
  ['of 31 digits', DIGITS.slice(1)],
  ['of 33 digits', `${DIGITS}0`],
  ['of 64 digits, such as iOS stores', DIGITS + DIGITS],
  ['of 96 digits, such as iOS stores', DIGITS + DIGITS + DIGITS],
  ['of 16 characters, the bytes themselves', 'lamp1.1234567890'],
  ['in base64', Buffer.from(DIGITS, 'hex').toString('base64')],
  ['with 0x in front', `0x${DIGITS}`],
  ['with 0x for the first digits', `0x${DIGITS.slice(2)}`],
  ['with a letter that is no digit', `g${DIGITS.slice(1)}`],
  ['with the letter O for a zero', `O${DIGITS.slice(1)}`],
  ['with colons', DIGITS.replace(/..(?!$)/g, '$&:')],
  ['with a blank inside', `${DIGITS.slice(0, 16)} ${DIGITS.slice(16)}`],
  ['with a line end inside', `${DIGITS.slice(0, 16)}\n${DIGITS.slice(16)}`],
  ['with a line behind it', `${DIGITS}\n${DIGITS}`],
  ['with NUL behind it', `${DIGITS}\0`],
  ['in quotes', `"${DIGITS}"`],
  ['with digits of full width', fullWidth(DIGITS)],
  ['with a letter that looks like a', DIGITS.replace('a', '\u0430')],
  ['that is a subscription block', 'MSUB....PUB.'],
  ['that is a did', '4711'],
  ['of a million characters', 'f'.repeat(1_000_000)],
];

describe('a token', () => {
  let puppet: Puppet;
  let network: Network;
  const opened: Socket[] = [];

  beforeEach(async () => {
    opened.length = 0;
    puppet = await Puppet.open();
    network = new Network({ createSocket: recording(opened) });
  });
  afterEach(async () => {
    await network.close();
    await puppet.close();
  });

  const deviceWith = (token: string) =>
    network.device({ name: 'lamp', address: puppet.address, port: puppet.port, token });
  const refusalOf = (token: string): MialinkError => {
    try {
      deviceWith(token);
    } catch (error) {
      assert.ok(error instanceof MialinkError);
      return error;
    }
    return assert.fail('it was taken');
  };

  for (const [what, token] of MISSING) {
    it(`${what} is missing`, () => {
      const { code, message } = refusalOf(token);
      assert.equal(code, 'CONFIG');
      assert.match(message, /^lamp \(127\.0\.0\.1\): the token is missing; enter its 32 hexadecimal digits/);
      assert.equal(opened.length, 0, 'nothing can have been sent');
    });
  }

  for (const [what, token] of MALFORMED) {
    it(`${what} is malformed`, () => {
      const startedAt = performance.now();
      const error = refusalOf(token);
      assert.ok(performance.now() - startedAt < 500, 'at once');
      assert.deepEqual([error.code, error.reason], ['CONFIG', 'tokenMalformed']);
      assert.match(error.message, /^lamp \(127\.0\.0\.1\): the token must be 32 hexadecimal digits/);
      assert.ok(!inspect(error, { depth: 9 }).includes(token), 'it is not repeated');
      assert.equal(opened.length, 0, 'nothing can have been sent');
    });
  }

  for (const [what, token] of [
    ['of zeros', '0'.repeat(32)],
    ['of f', 'f'.repeat(32)],
    ['in upper case, with blanks around it', ` ${Puppet.token.toUpperCase()}\r\n`],
  ] as const) {
    it(`${what} is one`, () => {
      assert.equal(deviceWith(token).state, 'idle');
    });
  }
});
