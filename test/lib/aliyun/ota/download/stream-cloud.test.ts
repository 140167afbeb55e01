/** A firmware over the device's own MQTT connection, from the simulated cloud. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { AliyunDevice } from '../../../../../lib/aliyun';
import { type StreamOptions, StreamSource } from '../../../../../lib/aliyun/ota/download/stream-source';
import { Bench, settle, sys } from '../../bench';
import { readAll } from './stream-bench';
import { blockFrame } from './stream-frame';

describe('A firmware over MQTT', () => {
  const file = randomBytes(1_000_000);
  let bench: Bench;
  let device: AliyunDevice;
  let sources: StreamSource[] = [];

  beforeEach(async () => {
    bench = await Bench.start();
    device = await bench.connectedDevice();
  });
  afterEach(async () => {
    await Promise.all(sources.map((source) => source.close()));
    sources = [];
    await bench.close();
  });

  function source(content: Buffer, options: Partial<StreamOptions> = {}): StreamSource {
    const { streamId, streamFileId: fileId } = bench.lamp.streams.add(content);
    const made = new StreamSource(device, { streamId, fileId }, { label: device.label, ...options });
    sources.push(made);
    return made;
  }

  it('arrives whole, in blocks of 128 KB', async () => {
    assert.ok((await readAll(source(file))).equals(file));
    assert.equal(bench.lamp.posts.length, 8);
    assert.deepEqual(bench.reports.reasons, [], 'no block is taken for a reply that is no JSON');
  });

  it('arrives though blocks are lost, or broken on the way', async () => {
    bench.lamp.streams.wrongChecksums = 2;
    bench.cloud.knobs.dropReplyTo = () => bench.lamp.posts.length % 3 === 0;
    const all = await readAll(source(file, { timeoutMs: 700, retries: 50 }));
    assert.ok(all.equals(file));
  });

  it('is dropped without a warning when it arrives after it was given up', async () => {
    const abort = new AbortController();
    const given = source(file, { signal: abort.signal }).open(0);
    abort.abort();
    await assert.rejects(given, { reason: 'aborted' });
    bench.lamp.publish(`${sys}/thing/file/download_reply`, blockFrame('5', file, 0, 1000));
    await settle(bench.lamp);
    assert.deepEqual(bench.reports.reasons, []);
    assert.ok(bench.reports.lines.some((line) => line.endsWith('/thing/file/download_reply')));
  });

  it('arrives though the broker is away for a while', async () => {
    const reading = readAll(source(file, { timeoutMs: 700, retries: 50 }));
    await new Promise<void>((resolve) => {
      bench.lamp.on('post', () => bench.lamp.posts.length === 3 && resolve());
    });
    const { connects } = bench.lamp;
    await bench.cloud.stopBroker();
    await bench.cloud.startBroker();
    assert.ok((await reading).equals(file));
    assert.ok(bench.lamp.connects > connects, 'it went on over a new connection');
  });

  it('arrives from a cloud that gives less than is asked for, or refuses what is too much', async () => {
    const small = file.subarray(0, 1000);
    assert.ok((await readAll(source(small))).equals(small));
    bench.lamp.streams.refusesBeyondEnd = true;
    bench.lamp.streams.largestBlock = 5120;
    assert.ok((await readAll(source(small))).equals(small));
  });

  it('does not arrive when the cloud does not have it, or has too much of it', async () => {
    const unknown = new StreamSource(device, { streamId: 1, fileId: 1 }, { label: 'lamp' });
    sources.push(unknown);
    await assert.rejects(unknown.open(0), { reason: 'otaDownloadFailed', message: /no such file/ });
    const tooLarge = source(Buffer.alloc(16 * 1024 * 1024 + 1));
    await assert.rejects(tooLarge.open(0), { reason: 'otaDownloadFailed', message: /limit 16 MB/ });
  });
});
