import assert from 'node:assert/strict';
import fc from 'fast-check';
import { generate } from 'mqtt-packet';
import { publishPacket } from '../../../lib/aliyun/quick-publish';

const PUBLISH = { cmd: 'publish', qos: 0, dup: false, retain: false } as const;

describe('A message with QoS 0', () => {
  it('has the bytes that mqtt.js gives it, whatever its topic, its payload and the version of MQTT', () => {
    const payload = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    );
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', minLength: 1 }),
        payload,
        fc.boolean(),
        (topic, body, isNew) => {
          const expected = generate({ ...PUBLISH, topic, payload: body }, { protocolVersion: isNew ? 5 : 4 });
          assert.deepEqual(publishPacket(topic, body, isNew), expected);
        },
      ),
    );
  });

  it('may be as long as the length field allows, with 1 to 4 bytes', () => {
    for (const bytes of [124, 125, 16_380, 16_381, 2_097_148, 2_097_149]) {
      const payload = 'x'.repeat(bytes);
      const expected = generate({ ...PUBLISH, topic: 't', payload }, { protocolVersion: 4 });
      assert.ok(publishPacket('t', payload, false).equals(expected), `${bytes} bytes`);
    }
  });
});
