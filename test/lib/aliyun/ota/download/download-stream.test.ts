/** A download that does not come from an address: its source is the caller's. */
import assert from 'node:assert/strict';
import { download } from '../../../../../lib/aliyun/ota/download/download';
import { Interruption, type Source } from '../../../../../lib/aliyun/ota/download/source';
import type { NoticeFile } from '../../../../../lib/aliyun/ota/notice';
import { Backoff } from '../../../../../lib/backoff';
import { content, DownloadBench } from './download-bench';
import { fileOf } from './firmware-server';

const stream = { streamId: 1397345, fileId: 1 };

describe('a firmware download over the MQTT connection', () => {
  let bench: DownloadBench;
  let offsets: number[];
  let closed: number;

  beforeEach(async () => {
    bench = await DownloadBench.create();
    offsets = [];
    closed = 0;
  });
  afterEach(() => bench.close());

  const file: NoticeFile = { ...fileOf(content, ''), url: undefined, stream };
  const options = () => ({ directory: bench.directory, label: 'lamp', backoff: new Backoff(1, 2) });

  /** Breaks off once, at this byte. */
  function breakingAt(end: number): Source {
    return {
      async open(offset) {
        offsets.push(offset);
        const first = offsets.length === 1;
        async function* chunks() {
          for (let start = offset; start < content.length; start += 50_000) {
            if (first && start >= end) throw new Interruption('the broker is away');
            yield content.subarray(start, start + 50_000);
          }
        }
        return { offset, total: content.length, chunks: chunks() };
      },
      async close() {
        closed++;
      },
    };
  }

  it('is asked for by its numbers, continued after a break, and its source closed', async () => {
    const asked: unknown[] = [];
    const openStream = (address: unknown) => {
      asked.push(address);
      return breakingAt(100_000);
    };
    await bench.assertStored(await download(file, { ...options(), openStream }));
    assert.deepEqual(asked, [stream]);
    assert.deepEqual(offsets, [0, 100_000]);
    assert.equal(closed, 1);
  });

  it('fails where there is no such connection, and says what helps', async () => {
    await bench.assertFails(download(file, options()), 'otaDownloadFailed', /MQTT .* push it with HTTPS/);
  });
});
