/** The device side's codec against golden packets made by other people's implementations. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  decodePacket,
  didNumber,
  encodeHello,
  encodeHelloReply,
  encodePacket,
  isHello,
  parseCommand,
  parseHelloReply,
  parseReply,
  probeDid,
  tokenBytes,
} from '../../simulators/home/wire';
import vectors from '../../vectors/miio.json';

const hex = (text: string) => Buffer.from(text, 'hex');

describe('the packets of the simulated home', () => {
  for (const vector of vectors.encode) {
    it(`seals and opens the golden packet ${vector.name}`, () => {
      const did = BigInt(`0x${vector.deviceIdHigh}${vector.deviceId}`);
      const token = tokenBytes(vector.token);
      const plaintext = hex(vector.plaintextHex);
      const packet = encodePacket({ did, stamp: vector.stamp, token }, plaintext);
      assert.equal(packet.toString('hex'), vector.packetHex);
      assert.deepEqual(decodePacket(packet, token), { did, stamp: vector.stamp, plaintext });
    });
  }

  for (const vector of vectors.replies) {
    it(`seals and opens the golden reply ${vector.name}`, () => {
      const did = BigInt(`0x${vector.deviceId}`);
      const token = tokenBytes(vector.token);
      const plaintext = hex(vector.plaintextHex);
      const packet = encodePacket({ did, stamp: vector.stamp, token }, plaintext);
      assert.equal(packet.toString('hex'), vector.packetHex);
      assert.deepEqual(decodePacket(packet, token), { did, stamp: vector.stamp, plaintext });
    });
  }

  const broken = vectors.malformed.filter(
    ({ expect, name }) => expect.action === 'drop' && name !== 'hello-echo',
  );
  for (const vector of broken) {
    it(`refuses the malformed packet ${vector.name}`, () => {
      assert.equal(decodePacket(hex(vector.packetHex), tokenBytes(vector.token)), vector.expect.reason);
    });
  }

  it('refuses a packet that is only a header', () => {
    const vector = vectors.malformed.find(({ name }) => name === 'empty-payload');
    assert.ok(vector);
    assert.equal(isHello(hex(vector.packetHex)), false);
    assert.equal(decodePacket(hex(vector.packetHex), tokenBytes(vector.token)), 'no-ciphertext');
  });

  it('opens what it sealed, and nothing else with another token', () => {
    const token = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes));
    const stamp = fc.integer({ min: 0, max: 0xffffffff });
    const did = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
    fc.assert(
      fc.property(did, stamp, token, token, fc.uint8Array(), (did, stamp, token, other, bytes) => {
        const plaintext = Buffer.from(bytes);
        const packet = encodePacket({ did, stamp, token }, plaintext);
        assert.deepEqual(decodePacket(packet, token), { did, stamp, plaintext });
        if (!other.equals(token)) assert.equal(decodePacket(packet, other), 'checksum');
      }),
    );
  });

  it('survives any bytes', () => {
    const token = Buffer.alloc(16);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        assert.equal(typeof decodePacket(Buffer.from(bytes), token), 'string');
        assert.equal(typeof parseCommand(Buffer.from(bytes)), 'string');
        assert.equal(parseReply(Buffer.from(bytes)), undefined);
        assert.equal(parseHelloReply(Buffer.from(bytes)), undefined);
      }),
    );
  });
});

describe('the hello of the simulated home', () => {
  for (const vector of vectors.handshake) {
    const asked = vector.direction === 'client->device';
    it(`takes the golden packet ${vector.name} ${asked ? 'for a hello' : 'for no hello'}`, () => {
      assert.equal(isHello(hex(vector.packetHex)), asked);
    });
  }

  it('is the golden one when the device itself says it', () => {
    const golden = vectors.handshake.find(({ name }) => name === 'hello');
    assert.equal(encodeHello().toString('hex'), golden?.packetHex);
  });

  it('names the virtual did of a golden MDID probe, and none in a plain hello', () => {
    const probe = vectors.handshake.find(({ name }) => name === 'hello-mdid');
    assert.equal(probeDid(hex(probe?.packetHex ?? '')), String(0x1122334455667788n));
    assert.equal(probeDid(encodeHello()), undefined);
  });

  it('takes an answer that hides the token by zeros, and no other', () => {
    for (const { packetHex, name } of vectors.handshake) {
      const zeros = packetHex.length === 64 && packetHex.endsWith('0'.repeat(32));
      assert.equal(parseHelloReply(hex(packetHex)) !== undefined, zeros, name);
    }
    const did = 2n ** 40n;
    const answer = encodeHelloReply(did, 7, Buffer.alloc(16));
    assert.deepEqual(parseHelloReply(answer), { did, stamp: 7 });
  });

  it('takes a 32 byte packet with an ff did and a checksum for no hello', () => {
    assert.equal(isHello(hex(`21310020${'ff'.repeat(12)}${'11'.repeat(16)}`)), false);
  });

  for (const vector of vectors.handshake) {
    const { deviceId, stamp } = vector;
    if (deviceId === undefined || stamp === undefined) continue;
    it(`writes the golden answer ${vector.name}`, () => {
      const did = BigInt(`0x${vector.deviceIdHigh ?? ''}${deviceId}`);
      const field = hex(vector.packetHex).subarray(16);
      assert.equal(encodeHelloReply(did, stamp, field).toString('hex'), vector.packetHex);
    });
  }
});

describe('the commands of the simulated home', () => {
  const text = (json: string) => parseCommand(Buffer.from(json));

  it('reads id, method and params, with or without one NUL at the end', () => {
    const command = { id: 7, method: 'get_prop', params: ['power'] };
    assert.deepEqual(text(JSON.stringify(command)), command);
    assert.deepEqual(text(`${JSON.stringify(command)}\0`), command);
  });

  it('says that params are missing', () => {
    assert.deepEqual(text('{"id":7,"method":"toggle"}'), { id: 7, method: 'toggle', params: undefined });
  });

  for (const [json, fault] of [
    ['{"id":1,"method":"a","params":[]}\0\0', 'bad-json'],
    ['{"id":1,"method":"a","params":[,]}', 'bad-json'],
    ['\ufeff{"id":1,"method":"a","params":[]}', 'bad-json'],
    ['', 'bad-json'],
    ['[1]', 'not-an-object'],
    ['null', 'not-an-object'],
    ['{"method":"a"}', 'bad-id'],
    ['{"id":"1","method":"a"}', 'bad-id'],
    ['{"id":0,"method":"a"}', 'bad-id'],
    ['{"id":-1,"method":"a"}', 'bad-id'],
    ['{"id":1.5,"method":"a"}', 'bad-id'],
    ['{"id":2147483648,"method":"a"}', 'bad-id'],
    ['{"id":2147483647}', 'no-method'],
  ] as const) {
    it(`refuses ${JSON.stringify(json)} as ${fault}`, () => assert.equal(text(json), fault));
  }

  it('refuses what is not UTF-8', () => {
    const latin1 = Buffer.from('{"id":1,"method":"caf\xe9","params":[]}', 'latin1');
    assert.equal(parseCommand(latin1), 'bad-json');
  });
});

describe('the answers to the simulated home', () => {
  const text = (json: string) => parseReply(Buffer.from(json));

  it('have an id and a result of any kind', () => {
    assert.deepEqual(text('{"id":7,"result":{"code":0}}'), { id: 7, result: { code: 0 } });
    assert.deepEqual(text('{"result":0,"id":"7"}\0'), { id: '7', result: 0 });
  });

  for (const json of ['{"id":7}', '{"id":7,"method":"a","result":0}', '[{"id":7,"result":0}]', 'null', '{']) {
    it(`are not ${json}`, () => assert.equal(text(json), undefined));
  }
});

describe('the settings of the simulated home', () => {
  it('refuses a token that is not 32 hex digits, without telling it', () => {
    for (const token of ['', 'abc', 'g'.repeat(32), '0'.repeat(33)]) {
      assert.throws(() => tokenBytes(token), { name: 'RangeError', message: 'a token has 32 hex digits' });
    }
  });

  it('takes device ids up to 64 bit', () => {
    assert.equal(didNumber('18446744073709551615'), 2n ** 64n - 1n);
    for (const did of ['18446744073709551616', '-1', '0x10', ''])
      assert.throws(() => didNumber(did), RangeError);
  });
});
