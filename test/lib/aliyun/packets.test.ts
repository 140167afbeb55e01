import assert from 'node:assert/strict';
import fc from 'fast-check';
import { generate } from 'mqtt-packet';
import { publishPacket, subscribePacket } from '../../../lib/aliyun/packets';

const PUBLISH = { cmd: 'publish', qos: 0, dup: false, retain: false } as const;
const SUBSCRIBE = { cmd: 'subscribe', qos: 1, dup: false, retain: false } as const;

const text = fc.string({ unit: 'grapheme', minLength: 1 });
const version = fc.constantFrom(4, 5, undefined);

describe('A PUBLISH with QoS 0', () => {
  it('has the bytes that mqtt.js gives it, whatever its topic, its payload and the version of MQTT', () => {
    const payload = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    );
    fc.assert(
      fc.property(text, payload, version, (topic, body, protocolVersion) => {
        const expected = generate({ ...PUBLISH, topic, payload: body }, { protocolVersion });
        assert.deepEqual(publishPacket(topic, body, protocolVersion), expected);
      }),
    );
  });

  it('may be as long as the length field allows, with 1 to 4 bytes', () => {
    for (const bytes of [124, 125, 16_380, 16_381, 2_097_148, 2_097_149]) {
      const payload = 'x'.repeat(bytes);
      const expected = generate({ ...PUBLISH, topic: 't', payload }, { protocolVersion: 4 });
      assert.ok(publishPacket('t', payload, 4).equals(expected), `${bytes} bytes`);
    }
  });
});

describe('A SUBSCRIBE', () => {
  it('has the bytes that mqtt.js gives it, whatever its filters, its message id and the version of MQTT', () => {
    const filter = fc.oneof(text, fc.string({ minLength: 1, maxLength: 128 }));
    const filters = fc.array(filter, { minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 0xffff }),
        filters,
        version,
        (messageId, topics, protocolVersion) => {
          const subscriptions = topics.map((topic) => ({ topic, qos: 1 as const }));
          const expected = generate({ ...SUBSCRIBE, messageId, subscriptions }, { protocolVersion });
          assert.deepEqual(subscribePacket(messageId, topics, protocolVersion), expected);
        },
      ),
    );
  });
});
