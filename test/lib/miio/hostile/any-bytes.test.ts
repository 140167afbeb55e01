/** Any bytes at all: no listener of a socket throws, and nothing that is forged is ever taken for true. */
import assert from 'node:assert/strict';
import type { Socket } from 'node:dgram';
import fc from 'fast-check';
import { discover } from '../../../../lib/miio/discovery';
import { parseMessage } from '../../../../lib/miio/message';
import { deriveKeys, encodePacket, openPacket, parsePacket } from '../../../../lib/miio/packet';
import { readCall } from '../../../../lib/miio/push/call';
import { readReport } from '../../../../lib/miio/push/report';
import { tokenBytes } from '../../../simulators/home/wire';
import { Puppet } from '../puppet';
import { recording, Stage } from './stage';

const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((array) => Buffer.from(array));

/** Something that begins like a packet, of the right length. */
const framed = bytes(160).map((body) => {
  const packet = Buffer.concat([Buffer.from('2131', 'hex'), Buffer.alloc(2), body]);
  packet.writeUInt16BE(packet.length, 2);
  return packet;
});

/** Texts of the pieces that answers are made of. */
const nearlyJson = fc
  .array(
    fc.constantFrom(
      ...[
        '{',
        '}',
        '[',
        ']',
        ',',
        ':',
        '"',
        '\\',
        '\0',
        '00',
        '-',
        '1',
        'null',
        '"id"',
        '"method"',
        '"result"',
      ],
      ...['"error"', '"__proto__"', '"params"', '"properties_changed"', '{"id":1,', '\u00e4', '\ud800', ' '],
    ),
    { maxLength: 40 },
  )
  .map((pieces) => Buffer.from(pieces.join('')));

const anyJson = fc
  .dictionary(
    fc.constantFrom('id', 'method', 'params', 'result', 'error', 'code', '__proto__'),
    fc.jsonValue(),
  )
  .map((fields) => Buffer.from(JSON.stringify(fields)));

const plaintexts = fc.oneof(bytes(100), nearlyJson, anyJson);

/** A change that leaves hardly a packet as it was. */
const mutations = fc.oneof(
  fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })).map(([at, mask]) => (packet: Buffer) => {
    const index = at % packet.length;
    return Buffer.from(packet.map((byte, one) => (one === index ? byte ^ mask : byte)));
  }),
  fc.nat().map((at) => (packet: Buffer) => packet.subarray(0, at % packet.length)),
  bytes(40).map((tail) => (packet: Buffer) => Buffer.concat([packet, tail])),
  fc.tuple(fc.nat(), bytes(40)).map(([at, middle]) => (packet: Buffer) => {
    const index = at % packet.length;
    return Buffer.concat([packet.subarray(0, index), middle, packet.subarray(index)]);
  }),
  fc.tuple(fc.nat(), bytes(40)).map(([at, other]) => (packet: Buffer) => {
    const index = at % packet.length;
    return Buffer.concat([packet.subarray(0, index), other, packet.subarray(index + other.length)]);
  }),
  // The blocks of the ciphertext in another order.
  fc.constant((packet: Buffer) =>
    Buffer.concat([packet.subarray(0, 32), packet.subarray(-16), packet.subarray(32, -16)]),
  ),
);

describe('any bytes', () => {
  const keys = deriveKeys(tokenBytes(Puppet.token));

  /** The plaintext, where the packet is one of the token's owner. */
  const accepted = (datagram: Buffer) => {
    const packet = parsePacket(datagram);
    const plaintext = typeof packet === 'string' ? packet : openPacket(datagram, keys);
    return typeof plaintext === 'string' ? undefined : plaintext;
  };

  it('as a packet that was changed on its way are refused, or say the same as before', () => {
    const changes = fc.array(mutations, { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(bytes(200), fc.nat({ max: 2 ** 32 - 1 }), changes, (plaintext, stamp, all) => {
        const packet = encodePacket(Buffer.alloc(8, 7), stamp, plaintext, keys);
        assert.deepEqual(accepted(packet), plaintext);
        const mutant = all.reduce(
          (changed, change) => (changed.length > 0 ? change(changed) : changed),
          packet,
        );
        const opened = accepted(mutant);
        if (opened !== undefined) assert.deepEqual([opened, mutant], [plaintext, packet]);
      }),
      { numRuns: 500 },
    );
  });

  it('as two packets spliced are refused', () => {
    fc.assert(
      fc.property(bytes(100), bytes(100), fc.nat({ max: 9 }), (one, other, blocks) => {
        const [first, second] = [one, other].map((plaintext) =>
          encodePacket(Buffer.alloc(8, 7), 9, plaintext, keys),
        );
        if (!first || !second) return;
        const splice = Buffer.concat([first.subarray(0, 32 + 16 * blocks), second.subarray(32)]);
        splice.writeUInt16BE(splice.length, 2);
        if (!splice.equals(first) && !splice.equals(second)) assert.equal(accepted(splice), undefined);
      }),
    );
  });

  it('signed with our token are read as one of the known kinds', () => {
    const kinds = ['result', 'error', 'request', 'empty', 'unreadable', 'stray'];
    fc.assert(
      fc.property(plaintexts, (plaintext) => {
        const message = parseMessage(plaintext);
        assert.ok(kinds.includes(message.kind));
        if ('id' in message && message.id !== undefined) assert.ok(Number.isInteger(message.id));
        if (message.kind === 'error') assert.equal(typeof message.error.message, 'string');
        const call = readCall(plaintext);
        const report = call && readReport(call);
        assert.ok(report === undefined || report.kind === 'properties' || report.kind === 'event');
        assert.ok(!('lie' in {}));
      }),
      { numRuns: 500 },
    );
  });

  describe('at the socket', () => {
    let stage: Stage;
    beforeEach(async () => {
      stage = await Stage.open();
    });
    afterEach(() => stage.close());

    const sealed = plaintexts.map((plaintext) => (to: Stage) => to.sealed(plaintext));
    const unsealed = fc.oneof(bytes(200), framed).map((datagram) => () => datagram);
    const datagrams = fc.oneof(sealed, unsealed);

    it('of a session neither throw nor settle its command', async () => {
      await stage.client.warmUp();
      stage.beforeAnswer(() =>
        fc.assert(
          fc.property(datagrams, (datagram) => stage.arrive(datagram(stage))),
          { numRuns: 500 },
        ),
      );
      assert.deepEqual(await stage.client.result('get'), ['true']);
      assert.deepEqual(await stage.client.result('get'), ['true']);
      assert.equal(stage.client.session.deviceId, '4711');
    });

    it('of a session, being its answer changed on the way, neither throw nor settle its command', async () => {
      stage.beforeAnswer(({ id }) => {
        const lie = stage.sealed({ id, result: ['lie'] });
        const changes = fc.array(mutations, { minLength: 1, maxLength: 3 });
        fc.assert(
          fc.property(changes, (all) => {
            const mutant = all.reduce(
              (changed, change) => (changed.length > 0 ? change(changed) : changed),
              lie,
            );
            if (!mutant.equals(lie)) stage.arrive(mutant);
          }),
          { numRuns: 500 },
        );
      });
      assert.deepEqual(await stage.client.result('get'), ['true']);
    });

    it('of a search neither throw nor hide a device', async () => {
      const opened: Socket[] = [];
      const { puppet } = stage;
      puppet.onHello = (from) => {
        const { address, port } = puppet;
        const hit = (datagram: Buffer) => opened.at(-1)?.emit('message', datagram, { address, port });
        fc.assert(
          fc.property(datagrams, (datagram) => void hit(datagram(stage))),
          { numRuns: 500 },
        );
        puppet.send(puppet.helloReply(), from);
      };
      const found = await discover({
        addresses: `127.0.0.1:${puppet.port}`,
        timeoutMs: 400,
        resolve: async (address) => address,
        createSocket: recording(opened),
      });
      assert.ok(found.some(({ deviceId }) => deviceId === '4711'));
      for (const { deviceId, address } of found) {
        assert.match(deviceId, /^[1-9]\d{0,19}$/);
        assert.equal(address, '127.0.0.1');
      }
    });
  });
});
