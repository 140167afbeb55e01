/** Datagrams that are no packets of the device, in front of the true answer: none of them settles the command. */
import assert from 'node:assert/strict';
import { encodeHello, encodeHelloReply, tokenBytes } from '../../../simulators/home/wire';
import type { Request } from '../puppet';
import { changed, flipped, OTHER_TOKEN, Stage, signedAgain } from './stage';

const LARGEST_DATAGRAM = 65_507;

/** The bit that tells the length of the padding is in the block before it, as far as CBC goes. */
const flippedInPadding = (packet: Buffer) => flipped(packet, 8 * (packet.length - 17));

describe('a miIO session waits for the true answer behind', () => {
  let stage: Stage;

  beforeEach(async () => {
    stage = await Stage.open();
  });
  afterEach(() => stage.close());

  const lieTo = ({ id }: Request) => stage.sealed({ id, result: ['lie'] });
  const byteAt = (offset: number, value: number) => (request: Request) =>
    changed(lieTo(request), (copy) => copy.writeUInt8(value, offset));
  const lengthField = (length: (real: number) => number) => (request: Request) =>
    changed(lieTo(request), (copy) => copy.writeUInt16BE(length(copy.length), 2));

  const lies: [string, (request: Request) => Buffer][] = [
    ['an answer with one wrong bit in its checksum', (request) => flipped(lieTo(request), 8 * 16)],
    [
      'an answer with zeros for a checksum',
      (request) => changed(lieTo(request), (copy) => copy.fill(0, 16, 32)),
    ],
    [
      'an answer signed over zeros, as a README has it',
      (request) => signedAgain(lieTo(request), '0'.repeat(32)),
    ],
    [
      'an answer signed and encrypted with another token',
      ({ id }) => stage.sealed({ id, result: ['lie'] }, { token: tokenBytes(OTHER_TOKEN) }),
    ],
    [
      'an answer encrypted with another token, but signed with ours',
      ({ id }) => signedAgain(stage.sealed({ id, result: ['lie'] }, { token: tokenBytes(OTHER_TOKEN) })),
    ],
    ['an answer whose length field says less', lengthField((real) => real - 16)],
    ['an answer whose length field says more', lengthField((real) => real + 16)],
    ['an answer whose length field says hello', lengthField(() => 32)],
    ['an answer whose length field says nothing', lengthField(() => 0)],
    ['an answer whose length field says 65535', lengthField(() => 65_535)],
    ['an answer that is cut off inside a block', (request) => lieTo(request).subarray(0, -8)],
    ['an answer that is cut off behind a block', (request) => lieTo(request).subarray(0, -16)],
    ['an answer with a block too many', (request) => Buffer.concat([lieTo(request), Buffer.alloc(16)])],
    [
      'a signed ciphertext that is no whole number of blocks',
      (request) => signedAgain(lieTo(request).subarray(0, -1)),
    ],
    ['a signed ciphertext with a wrong padding', (request) => signedAgain(flippedInPadding(lieTo(request)))],
    ['a signed header without a ciphertext', (request) => signedAgain(lieTo(request).subarray(0, 32))],
    ['a signed answer under another magic', (request) => signedAgain(byteAt(0, 0x22)(request))],
    ['a datagram of no bytes', () => Buffer.alloc(0)],
    ['a datagram of half a header', (request) => lieTo(request).subarray(0, 16)],
    ['a datagram of one byte less than a header', (request) => lieTo(request).subarray(0, 31)],
    ['64 bytes of garbage', () => Buffer.alloc(64, 0x5a)],
    ['the largest datagram, of zeros', () => Buffer.alloc(LARGEST_DATAGRAM)],
    [
      'the largest packet, signed with another token',
      () => stage.sealed('x'.repeat(65_400), { token: tokenBytes(OTHER_TOKEN) }),
    ],
    [
      'the largest packet of the device, with an answer to nobody',
      () => stage.sealed({ id: 1, result: 'x'.repeat(65_400) }),
    ],
    ['the request itself, reflected', ({ datagram }) => datagram],
    ['a hello of ours, reflected', encodeHello],
    [
      'a hello with MDID, reflected',
      () => changed(encodeHello(), (copy) => copy.write('MDID\0\0\0\0\0\0\0\x07\0\0\0\0', 16, 'latin1')),
    ],
    ['an answer to a hello that nobody said', () => stage.puppet.helloReply(999n, 77)],
    [
      'an answer to a hello that has MSUB in the place of the token',
      () => encodeHelloReply(stage.puppet.did, 77, Buffer.from('MSUB....PUB.\xfe...', 'latin1')),
    ],
  ];
  for (const [what, lie] of lies) {
    it(what, async () => {
      stage.beforeAnswer((request) => stage.puppet.send(lie(request)));
      assert.deepEqual(await stage.client.result('get'), ['true']);
      assert.equal(stage.puppet.requests.length, 1, 'it did not even ask again');
      assert.equal(stage.client.session.deviceId, '4711');
    });
  }

  it('an answer with any one bit flipped', async () => {
    stage.beforeAnswer((request) => {
      const lie = lieTo(request);
      for (let bit = 0; bit < lie.length * 8; bit++) stage.arrive(flipped(lie, bit));
    });
    assert.deepEqual(await stage.client.result('get'), ['true']);
  });
});
