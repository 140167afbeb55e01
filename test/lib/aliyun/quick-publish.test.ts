import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { quickPublish } from '../../../lib/aliyun/quick-publish';

describe('A message with QoS 0', () => {
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
