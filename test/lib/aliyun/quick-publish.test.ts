import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Duplex } from 'node:stream';
import fc from 'fast-check';
import { generate } from 'mqtt-packet';
import { publishPacket, quickPublish } from '../../../lib/aliyun/quick-publish';

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

  it('is written at once when it is alone, and with those of its turn when it is one of many', async () => {
    const client = { stream: new Listening(), options: { protocolVersion: 4 } } as const;
    const { writes } = client.stream;
    const publish = (body: string, isOneOfMany: boolean) =>
      quickPublish(client, { topic: 't', body, isOneOfMany });
    publish('alone', false);
    assert.deepEqual(writes, [['alone']]);
    for (const body of ['first', 'second', 'third']) publish(body, true);
    await once(client.stream, 'written');
    assert.deepEqual(writes, [['alone'], ['first', 'second', 'third']]);
  });
});

/** A socket that tells the payloads of each write. */
class Listening extends Duplex {
  readonly writes: string[][] = [];

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.note([chunk], done);
  }

  override _writev(pieces: { chunk: Buffer }[], done: () => void): void {
    this.note(
      pieces.map(({ chunk }) => chunk),
      done,
    );
  }

  private note(packets: Buffer[], done: () => void): void {
    // Of these short packets the payload begins at the sixth byte.
    this.writes.push(packets.map((packet) => packet.toString('utf8', 5)));
    done();
    this.emit('written');
  }
}
