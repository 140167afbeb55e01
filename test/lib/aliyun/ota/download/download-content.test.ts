/** A download of other bytes than announced, or of too many. */
import assert from 'node:assert/strict';
import { content, DownloadBench } from './download-bench';
import { fileOf, serve } from './firmware-server';

describe('a firmware download', () => {
  let bench: DownloadBench;

  beforeEach(async () => {
    bench = await DownloadBench.create();
  });
  afterEach(() => bench.close());

  describe('of other bytes than the notice says', () => {
    it('is refused before the first byte when the server announces another size', async () => {
      for (const size of [content.length - 1, content.length + 1]) {
        const server = await bench.start((request, response) => serve(content, request, response));
        const file = { ...fileOf(content, server.url()), size };
        let received = 0;
        const onProgress = () => received++;
        await bench.assertFails(
          bench.fetch(server, file, { onProgress }),
          'otaVerifyFailed',
          /300000 bytes instead of/,
        );
        assert.equal(received, 0);
      }
    });

    it('is refused when fewer bytes arrive', async () => {
      const server = await bench.start((_, response) =>
        response.writeHead(200).end(content.subarray(0, 1000)),
      );
      await bench.assertFails(
        bench.fetch(server, fileOf(content, server.url())),
        'otaVerifyFailed',
        /1000 bytes .* 300000/,
      );
    });

    it('is stopped at the first byte too many, even if the server never ends', async () => {
      let sent = 0;
      const server = await bench.start((_, response) => {
        const flood = () => {
          while (!response.destroyed) {
            sent += content.length;
            if (!response.write(content)) break;
          }
        };
        response.on('drain', flood);
        response.writeHead(200);
        flood();
      });
      const file = { ...fileOf(content, server.url()), size: 1000 };
      await bench.assertFails(
        bench.fetch(server, file, { maxSize: 1000 }),
        'otaVerifyFailed',
        /more bytes .* 1000/,
      );
      assert.ok(sent < 100 * content.length);
    });

    it('is refused when a byte differs', async () => {
      const server = await bench.start((request, response) => serve(content, request, response));
      const other = Buffer.from(content);
      other[1000] = (other[1000] ?? 0) ^ 1;
      for (const method of ['md5', 'sha256'] as const) {
        const file = fileOf(other, server.url(), method);
        await bench.assertFails(bench.fetch(server, file), 'otaVerifyFailed', new RegExp(method));
      }
      assert.equal(server.ranges.length, 2, 'asked once for each: the same bytes would come again');
    });

    it('is refused when the size changes in mid-download', async () => {
      const server = await bench.start((request, response, count) => {
        if (count === 1) server.cutAt(1000, content, request, response);
        else
          response.writeHead(206, { 'content-range': 'bytes 1000-1999/2000' }).end(content.subarray(0, 1000));
      });
      await bench.assertFails(
        bench.fetch(server, fileOf(content, server.url())),
        'otaVerifyFailed',
        /2000 bytes/,
      );
    });
  });

  it('above maxSize is refused without asking the server', async () => {
    const server = await bench.start((request, response) => serve(content, request, response));
    const work = bench.fetch(server, fileOf(content, server.url()), { maxSize: content.length - 1 });
    await bench.assertFails(work, 'otaTooLarge', /300000 bytes, more than the 299999/);
    assert.equal(server.ranges.length, 0);
  });
});
