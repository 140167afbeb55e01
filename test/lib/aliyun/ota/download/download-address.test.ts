/** A download from good and bad addresses, and through redirects. */
import assert from 'node:assert/strict';
import { content, DownloadBench } from './download-bench';
import { fileOf, serve } from './firmware-server';

describe('a firmware download', () => {
  let bench: DownloadBench;

  beforeEach(async () => {
    bench = await DownloadBench.create();
  });
  afterEach(() => bench.close());

  describe('from an address', () => {
    it('that has expired fails at once', async () => {
      for (const status of [401, 403]) {
        const server = await bench.start((_, response) => response.writeHead(status).end());
        const work = bench.fetch(server, fileOf(content, server.url()));
        await bench.assertFails(work, 'otaUrlExpired', new RegExp(`HTTP ${status}`));
        assert.equal(server.ranges.length, 1);
      }
    });

    it('that expires in mid-download fails, and a fresh one continues', async () => {
      const server = await bench.start((request, response, count) => {
        if (count === 1) server.cutAt(150_000, content, request, response);
        else if (count === 2) response.writeHead(403).end();
        else serve(content, request, response);
      });
      await bench.assertPauses(bench.fetch(server, fileOf(content, server.url())), 'otaUrlExpired', 150_000);
      await bench.assertStored(await bench.fetch(server, fileOf(content, server.url('/fresh.bin'))));
      assert.deepEqual(server.ranges, [undefined, 'bytes=150000-', 'bytes=150000-']);
    });

    it('that is unknown fails at once', async () => {
      const server = await bench.start((_, response) => response.writeHead(404).end());
      await bench.assertFails(
        bench.fetch(server, fileOf(content, server.url())),
        'otaDownloadFailed',
        /HTTP 404/,
      );
      assert.equal(server.ranges.length, 1);
    });

    it('whose server is in trouble is tried again', async () => {
      const server = await bench.start((request, response, count) => {
        if (count <= 2) response.writeHead(503).end();
        else serve(content, request, response);
      });
      await bench.assertStored(await bench.fetch(server, fileOf(content, server.url())));
    });

    for (const status of [408, 425, 429]) {
      it(`whose server has no time just now (${status}) is tried again`, async () => {
        const server = await bench.start((request, response, count) => {
          if (count <= 2) response.writeHead(status).end();
          else serve(content, request, response);
        });
        await bench.assertStored(await bench.fetch(server, fileOf(content, server.url())));
      });
    }

    it('whose server stays in trouble fails after the retries', async () => {
      const server = await bench.start((_, response) => response.writeHead(500).end('sorry'));
      const work = bench.fetch(server, fileOf(content, server.url()), { retries: 2 });
      await bench.assertFails(work, 'otaDownloadFailed', /HTTP 500/);
      assert.equal(server.ranges.length, 3);
    });

    it('whose certificate nobody vouches for fails', async () => {
      const server = await bench.start((request, response) => serve(content, request, response));
      const work = bench.fetch(server, fileOf(content, server.url()), { ca: [], retries: 0 });
      await bench.assertFails(work, 'otaDownloadFailed', /certificate/);
      assert.equal(server.ranges.length, 0);
    });

    it('whose certificate is for another host fails', async () => {
      const server = await bench.start((request, response) => serve(content, request, response));
      const url = server.url().replace('127.0.0.1', 'localhost');
      await bench.assertFails(bench.fetch(server, fileOf(content, url), { retries: 0 }), 'otaDownloadFailed');
      assert.equal(server.ranges.length, 0);
    });

    const refused = ['file:///etc/hostname', 'data:text/plain,topsecret', 'ftp://h/f', 'topsecret', ''];
    for (const url of refused) {
      it(`like "${url}" is refused`, async () => {
        const server = await bench.start(() => {});
        await bench.assertFails(
          bench.fetch(server, fileOf(content, url), { allowHttp: true }),
          'otaUrlRefused',
        );
      });
    }

    it('without TLS is refused, unless http: is allowed', async () => {
      const server = await bench.start((request, response) => serve(content, request, response), 'http');
      const file = fileOf(content, server.url());
      await bench.assertFails(bench.fetch(server, file), 'otaUrlRefused', /http: is not allowed/);
      assert.equal(server.ranges.length, 0);
      await bench.assertStored(await bench.fetch(server, file, { allowHttp: true }));
    });
  });

  describe('that is redirected', () => {
    it('follows, also to a path, and continues there after a cut', async () => {
      let cut = false;
      const server = await bench.start((request, response) => {
        if (request.url?.startsWith('/firmware.bin')) {
          response.writeHead(302, { location: '/elsewhere?Signature=topsecret' }).end('moved');
        } else if (cut) serve(content, request, response);
        else {
          cut = true;
          server.cutAt(1000, content, request, response);
        }
      });
      await bench.assertStored(await bench.fetch(server, fileOf(content, server.url())));
      assert.deepEqual(server.ranges, [undefined, undefined, 'bytes=1000-', 'bytes=1000-']);
    });

    it('in a circle fails', async () => {
      const server = await bench.start((_, response) =>
        response.writeHead(302, { location: server.url() }).end(),
      );
      await bench.assertFails(
        bench.fetch(server, fileOf(content, server.url())),
        'otaDownloadFailed',
        /redirects more than 5/,
      );
      assert.equal(server.ranges.length, 6);
    });

    it('to nowhere fails', async () => {
      const server = await bench.start((_, response) => response.writeHead(302).end());
      await bench.assertFails(
        bench.fetch(server, fileOf(content, server.url())),
        'otaDownloadFailed',
        /nowhere/,
      );
    });

    it('to http: is refused, even if http: is allowed from the beginning', async () => {
      const plain = await bench.start((request, response) => serve(content, request, response), 'http');
      const server = await bench.start((_, response) =>
        response.writeHead(307, { location: plain.url() }).end(),
      );
      await bench.assertFails(
        bench.fetch(server, fileOf(content, server.url())),
        'otaUrlRefused',
        /redirects .* http: is not allowed/,
      );
      const allowed = bench.fetch(server, fileOf(content, server.url()), { allowHttp: true });
      await bench.assertFails(allowed, 'otaUrlRefused', /redirects .* not https:, as it was before/);
      assert.equal(plain.ranges.length, 0);
    });

    it('to a file is refused, even if http: is allowed', async () => {
      const server = await bench.start((_, response) =>
        response.writeHead(302, { location: 'file:///etc/hostname' }).end(),
      );
      const work = bench.fetch(server, fileOf(content, server.url()), { allowHttp: true });
      await bench.assertFails(work, 'otaUrlRefused', /redirects/);
    });
  });
});
