/** A download whose connection breaks. */
import assert from 'node:assert/strict';
import { content, DownloadBench } from './download-bench';
import { fileOf, serve } from './firmware-server';

describe('a firmware download', () => {
  let bench: DownloadBench;

  beforeEach(async () => {
    bench = await DownloadBench.create();
  });
  afterEach(() => bench.close());

  describe('when the connection breaks', () => {
    const cuts: [string, number, string | undefined][] = [
      ['before the first byte', 0, undefined],
      ['in the middle', 150_000, 'bytes=150000-'],
      ['before the last byte', content.length - 1, `bytes=${content.length - 1}-`],
    ];
    for (const [where, end, range] of cuts) {
      it(`${where}, continues there`, async () => {
        const server = await bench.start((request, response, count) => {
          if (count === 1) server.cutAt(end, content, request, response);
          else serve(content, request, response);
        });
        await bench.assertStored(await bench.fetch(server, fileOf(content, server.url())));
        assert.deepEqual(server.ranges, [undefined, range]);
      });
    }

    it('before it stands, tries again', async () => {
      const server = await bench.start((request, response, count) => {
        if (count <= 2) request.socket.destroy();
        else serve(content, request, response);
      });
      await bench.assertStored(await bench.fetch(server, fileOf(content, server.url())));
      assert.equal(server.ranges.length, 3);
    });

    it('again and again, goes on as long as it gets further', async () => {
      const server = await bench.start((request, response, count) => {
        if (count <= 9) server.cutAt(count * 30_000, content, request, response);
        else serve(content, request, response);
      });
      await bench.assertStored(await bench.fetch(server, fileOf(content, server.url()), { retries: 1 }));
      assert.equal(server.ranges.length, 10);
    });

    it('at the same byte for ever, gives up after the retries', async () => {
      const server = await bench.start((request, response) => server.cutAt(1000, content, request, response));
      await bench.assertFails(
        bench.fetch(server, fileOf(content, server.url()), { retries: 3 }),
        'otaDownloadFailed',
      );
      assert.equal(server.ranges.length, 1 + 3);
    });

    it('silently, counts it as cut', async () => {
      const server = await bench.start((request, response, count) => {
        if (count > 1) return serve(content, request, response);
        response.writeHead(200, { 'content-length': content.length });
        return response.write(content.subarray(0, 1000));
      });
      await bench.assertStored(await bench.fetch(server, fileOf(content, server.url()), { stallMs: 300 }));
      assert.deepEqual(server.ranges, [undefined, 'bytes=1000-']);
    });

    it('silently before any answer, gives up after the retries', async () => {
      const server = await bench.start(() => {});
      const work = bench.fetch(server, fileOf(content, server.url()), { stallMs: 200, retries: 1 });
      await bench.assertFails(work, 'otaDownloadFailed');
      assert.equal(server.ranges.length, 2);
    });

    it('and the server knows no Range, starts over with a fresh digest', async () => {
      const server = await bench.start((request, response, count) => {
        if (count === 1) return server.cutAt(150_000, content, request, response);
        return response.writeHead(200, { 'content-length': content.length }).end(content);
      });
      await bench.assertStored(await bench.fetch(server, fileOf(content, server.url())));
      assert.deepEqual(server.ranges, [undefined, 'bytes=150000-']);
    });

    it('and the server starts over and breaks at the same byte for ever, gives up', async () => {
      const server = await bench.start((_, response) => {
        response.writeHead(200, { 'content-length': content.length });
        server.hold(1000, response);
        response.write(content.subarray(0, 1000));
      });
      await bench.assertFails(
        bench.fetch(server, fileOf(content, server.url()), { retries: 2 }),
        'otaDownloadFailed',
      );
    });

    const refusals: [string, number, Record<string, string>][] = [
      ['416', 416, {}],
      ['other bytes than asked for', 206, { 'content-range': `bytes 0-9/${content.length}` }],
      ['bytes without saying which', 206, {}],
    ];
    for (const [what, status, headers] of refusals) {
      it(`and the server answers ${what}, starts over`, async () => {
        const server = await bench.start((request, response, count) => {
          if (count === 1) server.cutAt(150_000, content, request, response);
          else if (count === 2) response.writeHead(status, headers).end('nonsense');
          else serve(content, request, response);
        });
        await bench.assertStored(await bench.fetch(server, fileOf(content, server.url())));
        assert.deepEqual(server.ranges, [undefined, 'bytes=150000-', undefined]);
      });
    }
  });
});
