import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parsePacket } from '../../../../lib/miio/packet';
import { encodeProbe, isReporting, readOffer } from '../../../../lib/miio/push/probe';
import { disclosedToken } from '../../../../lib/miio/token';
import vectors from '../../../vectors/miio.json';

const field = (hex: string): Buffer => Buffer.from(hex, 'hex');
const block = '4d5355426553f10050554201fe000000';

function golden(name: string): Buffer {
  const vector = vectors.handshake.find((one) => one.name === name);
  return field(vector?.packetHex ?? assert.fail(`no vector ${name}`));
}

describe('the probe of a MIoT subscription', () => {
  it('is the golden one', () => {
    assert.deepEqual(encodeProbe(0x1122334455667788n), golden('hello-mdid'));
  });

  it('changes nothing of the plain hello, for which it is no answer', () => {
    const before = encodeProbe(1n);
    assert.deepEqual(encodeProbe(1n), before);
    assert.equal(parsePacket(before), 'hello-echo');
  });

  it('has an answer that tells when the device was subscribed, and how', () => {
    const packet = parsePacket(golden('reply-msub'));
    assert.ok(typeof packet !== 'string');
    const offer = readOffer(packet.checksumField);
    assert.deepEqual(offer, { subscribedAt: 1_700_000_000, type: 1, wildcard: true });
    assert.ok(offer && isReporting(offer));
    assert.equal(disclosedToken(packet.checksumField), undefined, 'it is no token');
  });

  for (const [type, offered] of [
    ['00', true],
    ['01', true],
    ['02', false],
    ['03', false],
    ['04', true],
    ['05', false],
    ['ff', false],
  ] as const) {
    it(`${offered ? 'offers' : 'does not offer'} reports with type ${type}`, () => {
      const offer = readOffer(field(`4d5355426553f100505542${type}fe000000`));
      assert.equal(offer && isReporting(offer), offered);
    });
  }

  it('does not offer reports to everything without the wildcard', () => {
    const offer = readOffer(field(block.replace('fe0', '000')));
    assert.equal(offer && isReporting(offer), false);
  });

  for (const [what, hex] of [
    ['ff, which hides a token', 'ff'.repeat(16)],
    ['zeros, which hide a token', '00'.repeat(16)],
    ['a token', '6c69676874341fa2b3c4d5e6f7081920'],
    ['a block without PUB', block.replace('505542', '505543')],
    ['a block that ends too early', block.slice(0, 24)],
    ['nothing', ''],
  ] as const) {
    it(`has no offer in ${what}`, () => {
      assert.equal(readOffer(field(hex)), undefined);
    });
  }

  it('reads any bytes, and makes an offer only of the two marks', () => {
    const bytes = fc.uint8Array({ maxLength: 32 }).map((array) => Buffer.from(array));
    const marked = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((array) => {
      const one = Buffer.from(array);
      one.write('MSUB', 0, 'latin1');
      one.write('PUB', 8, 'latin1');
      return one;
    });
    fc.assert(
      fc.property(bytes, (one) => {
        const offer = readOffer(one);
        assert.equal(offer !== undefined, /^MSUB....PUB../s.test(one.toString('latin1')));
      }),
    );
    fc.assert(
      fc.property(marked, (one) => {
        const offer = readOffer(one) ?? assert.fail('both marks are there');
        assert.equal(offer.subscribedAt, one.readUInt32BE(4));
        assert.equal(isReporting(offer), [0, 1, 4].includes(one[11] ?? -1) && one[12] === 0xfe);
      }),
    );
  });
});
