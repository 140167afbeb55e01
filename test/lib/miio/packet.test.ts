import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  deriveKeys,
  deviceIdText,
  encodePacket,
  HELLO,
  openPacket,
  parsePacket,
} from '../../../lib/miio/packet';
import vectors from '../../vectors/miio.json';

const hex = (text: string) => Buffer.from(text, 'hex');
const did = (high: string, low: string) => hex(`${high}${low}`);

describe('miIO packet', () => {
  for (const vector of vectors.keys) {
    it(`derives key and iv from the ${vector.name} token`, () => {
      const keys = deriveKeys(hex(vector.token));
      assert.equal(keys.cipher.key.toString('hex'), vector.key);
      assert.equal(keys.cipher.iv.toString('hex'), vector.iv);
    });
  }

  for (const vector of vectors.encode) {
    it(`encodes ${vector.name} to the bytes of python-miio, and opens them again`, () => {
      const keys = deriveKeys(hex(vector.token));
      const plaintext = hex(vector.plaintextHex);
      const packet = encodePacket(did(vector.deviceIdHigh, vector.deviceId), vector.stamp, plaintext, keys);
      assert.equal(packet.toString('hex'), vector.packetHex);
      assert.deepEqual(openPacket(packet, keys), plaintext);
    });
  }

  it('says hello with the golden packet', () => {
    const golden = vectors.handshake.find((vector) => vector.name === 'hello');
    assert.equal(HELLO.toString('hex'), golden?.packetHex);
  });

  for (const vector of vectors.handshake.filter((one) => one.direction === 'device->client')) {
    it(`reads the hello reply ${vector.name}`, () => {
      const packet = parsePacket(hex(vector.packetHex));
      assert.ok(typeof packet !== 'string');
      assert.equal(packet.kind, 'handshake');
      assert.equal(packet.stamp, vector.stamp);
      const expected = BigInt(`0x${vector.deviceIdHigh ?? '0'}${vector.deviceId}`);
      assert.equal(deviceIdText(packet.did), expected.toString());
    });
  }

  for (const vector of vectors.malformed.filter((one) => one.expect.action === 'drop')) {
    it(`drops ${vector.name}`, () => {
      const datagram = hex(vector.packetHex);
      const packet = parsePacket(datagram);
      const outcome =
        typeof packet === 'string' ? packet : openPacket(datagram, deriveKeys(hex(vector.token)));
      const reason = vector.name === 'hello-echo' ? 'hello-echo' : vector.expect.reason;
      assert.equal(outcome, reason);
    });
  }

  it('wraps a stamp beyond 32 bits instead of throwing', () => {
    const keys = deriveKeys(Buffer.alloc(16));
    const packet = encodePacket(Buffer.alloc(8, 1), 2 ** 32 + 5.5, Buffer.from('{}'), keys);
    assert.equal(packet.readUInt32BE(12), 5);
  });

  it('never throws and never opens bytes that were not signed with the token', () => {
    const keys = deriveKeys(hex(vectors.keys[0]?.token ?? ''));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, framed) => {
        const datagram = Buffer.from(bytes);
        if (framed && datagram.length >= 4) {
          datagram.writeUInt16BE(0x2131, 0);
          datagram.writeUInt16BE(datagram.length, 2);
        }
        const packet = parsePacket(datagram);
        if (typeof packet !== 'string' && packet.kind === 'data')
          assert.equal(openPacket(datagram, keys), 'checksum');
      }),
    );
  });

  it('opens what it encoded, for any token, did, stamp and text', () => {
    const anyBytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
    fc.assert(
      fc.property(anyBytes(16), anyBytes(8), fc.nat(), fc.string(), (token, peer, stamp, text) => {
        const keys = deriveKeys(Buffer.from(token));
        const datagram = encodePacket(Buffer.from(peer), stamp, Buffer.from(text), keys);
        assert.equal(openPacket(datagram, keys).toString(), text);
      }),
    );
  });

  it('refuses a packet with any single bit flipped', () => {
    const keys = deriveKeys(Buffer.alloc(16, 7));
    const good = encodePacket(Buffer.alloc(8, 1), 9, Buffer.from('{"id":1,"result":[]}'), keys);
    for (let bit = 0; bit < good.length * 8; bit++) {
      const bad = Buffer.from(good);
      bad[bit >> 3] = (bad[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      assert.equal(openPacket(bad, keys), 'checksum', `bit ${bit}`);
    }
  });
});
