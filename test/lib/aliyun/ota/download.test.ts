import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DownloadOptions, download } from '../../../../lib/aliyun/ota/download';
import type { NoticeFile } from '../../../../lib/aliyun/ota/notice';
import { Backoff } from '../../../../lib/backoff';
import { MialinkError, type Reason } from '../../../../lib/errors';
import { type Behaviour, FirmwareServer, fileOf, serve } from './firmware-server';

describe('a firmware download', () => {
  const content = randomBytes(300_000);
  const name = 'default-2.0.0.bin';
  let directory: string;
  let servers: FirmwareServer[];

  beforeEach(async () => {
    directory = join(await mkdtemp(join(tmpdir(), 'ota-')), 'firmware');
    servers = [];
  });

  afterEach(async () => {
    await Promise.all(servers.map((server) => server.close()));
    await rm(join(directory, '..'), { recursive: true });
  });

  async function start(behaviour: Behaviour, protocol?: 'https' | 'http'): Promise<FirmwareServer> {
    const server = await FirmwareServer.start(behaviour, protocol);
    servers.push(server);
    return server;
  }

  function fetch(
    server: FirmwareServer,
    file: NoticeFile,
    options: Partial<DownloadOptions> = {},
  ): Promise<string> {
    const backoff = new Backoff(1, 5);
    const onProgress = (received: number, size: number) => {
      server.clientHas(received);
      options.onProgress?.(received, size);
    };
    return download(file, { directory, label: 'lamp', ca: [server.ca], backoff, ...options, onProgress });
  }

  async function assertStored(path: string): Promise<void> {
    assert.equal(path, join(directory, name));
    assert.deepEqual(await readdir(directory), [name]);
    assert.ok(content.equals(await readFile(path)));
  }

  /** Fails for `reason`, tells no secret, and leaves nothing on the disk. */
  async function assertFails(work: Promise<string>, reason: Reason, text = /lamp/): Promise<void> {
    await assert.rejects(work, (error) => {
      assert.ok(error instanceof MialinkError, String(error));
      assert.equal(error.reason, reason, error.message);
      assert.match(error.message, text);
      assert.doesNotMatch(`${error.stack} ${JSON.stringify(error)} ${error.cause}`, /topsecret/);
      return true;
    });
    assert.deepEqual(await readdir(directory).catch(() => []), []);
  }

  it('stores the verified file for its owner alone, and tells of every byte', async () => {
    const server = await start((request, response) => serve(content, request, response));
    const progress: number[] = [];
    const onProgress = (received: number, size: number) => {
      assert.equal(size, content.length);
      progress.push(received);
    };
    const path = await fetch(server, fileOf(content, server.url()), { onProgress });
    await assertStored(path);
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    assert.equal((await stat(directory)).mode & 0o777, 0o700);
    assert.equal(progress.at(-1), content.length);
    assert.deepEqual(
      progress,
      [...progress].sort((a, b) => a - b),
    );
  });

  it('keeps no connection when it is done', async () => {
    const sockets: Socket[] = [];
    const server = await start((request, response) => {
      sockets.push(request.socket);
      serve(content, request, response);
    });
    await fetch(server, fileOf(content, server.url()));
    const [socket] = sockets;
    assert.ok(socket);
    if (!socket.destroyed) await once(socket, 'close', { signal: AbortSignal.timeout(2000) });
  });

  it('verifies Md5 as well', async () => {
    const server = await start((request, response) => serve(content, request, response));
    await assertStored(await fetch(server, fileOf(content, server.url(), 'md5')));
  });

  it('takes a file that is there already, without asking the server', async () => {
    const server = await start((request, response) => serve(content, request, response));
    await fetch(server, fileOf(content, server.url()));
    await assertStored(await fetch(server, fileOf(content, server.url())));
    assert.equal(server.ranges.length, 1);
  });

  it('replaces a file of that name with other bytes, and the rest of a crash', async () => {
    await mkdir(directory);
    await writeFile(join(directory, name), randomBytes(content.length));
    await writeFile(join(directory, `${name}.part`), 'the rest of a crash');
    const server = await start((request, response) => serve(content, request, response));
    await assertStored(await fetch(server, fileOf(content, server.url())));
  });

  it('removes a file of that name with other bytes even when the download fails', async () => {
    await mkdir(directory);
    await writeFile(join(directory, name), 'something else');
    const server = await start((_, response) => response.writeHead(404).end());
    await assertFails(fetch(server, fileOf(content, server.url())), 'otaDownloadFailed', /404/);
  });

  it('fetches once when two ask for the same file at the same time', async () => {
    const server = await start((request, response) => serve(content, request, response));
    const file = fileOf(content, server.url());
    const [one, other] = await Promise.all([fetch(server, file), fetch(server, file)]);
    assert.equal(one, other);
    await assertStored(one);
    assert.equal(server.ranges.length, 1);
  });

  it('does not wait for the other when it is aborted', async () => {
    const server = await start((_, response) => response.writeHead(200).flushHeaders());
    const file = fileOf(content, server.url());
    const first = new AbortController();
    const second = new AbortController();
    const holds = fetch(server, file, { signal: first.signal });
    const waits = fetch(server, file, { signal: second.signal });
    second.abort();
    await assert.rejects(waits, { reason: 'aborted' });
    first.abort();
    await assertFails(holds, 'aborted');
  });

  describe('when the connection breaks', () => {
    const cuts: [string, number, string | undefined][] = [
      ['before the first byte', 0, undefined],
      ['in the middle', 150_000, 'bytes=150000-'],
      ['before the last byte', content.length - 1, `bytes=${content.length - 1}-`],
    ];
    for (const [where, end, range] of cuts) {
      it(`${where}, continues there`, async () => {
        const server = await start((request, response, count) => {
          if (count === 1) server.cutAt(end, content, request, response);
          else serve(content, request, response);
        });
        await assertStored(await fetch(server, fileOf(content, server.url())));
        assert.deepEqual(server.ranges, [undefined, range]);
      });
    }

    it('before it stands, tries again', async () => {
      const server = await start((request, response, count) => {
        if (count <= 2) request.socket.destroy();
        else serve(content, request, response);
      });
      await assertStored(await fetch(server, fileOf(content, server.url())));
      assert.equal(server.ranges.length, 3);
    });

    it('again and again, goes on as long as it gets further', async () => {
      const server = await start((request, response, count) => {
        if (count <= 9) server.cutAt(count * 30_000, content, request, response);
        else serve(content, request, response);
      });
      await assertStored(await fetch(server, fileOf(content, server.url()), { retries: 1 }));
      assert.equal(server.ranges.length, 10);
    });

    it('at the same byte for ever, gives up after the retries', async () => {
      const server = await start((request, response) => server.cutAt(1000, content, request, response));
      await assertFails(fetch(server, fileOf(content, server.url()), { retries: 3 }), 'otaDownloadFailed');
      assert.equal(server.ranges.length, 1 + 3);
    });

    it('silently, counts it as cut', async () => {
      const server = await start((request, response, count) => {
        if (count > 1) return serve(content, request, response);
        response.writeHead(200, { 'content-length': content.length });
        return response.write(content.subarray(0, 1000));
      });
      await assertStored(await fetch(server, fileOf(content, server.url()), { stallMs: 300 }));
      assert.deepEqual(server.ranges, [undefined, 'bytes=1000-']);
    });

    it('silently before any answer, gives up after the retries', async () => {
      const server = await start(() => {});
      const work = fetch(server, fileOf(content, server.url()), { stallMs: 200, retries: 1 });
      await assertFails(work, 'otaDownloadFailed');
      assert.equal(server.ranges.length, 2);
    });

    it('and the server knows no Range, starts over with a fresh digest', async () => {
      const server = await start((request, response, count) => {
        if (count === 1) return server.cutAt(150_000, content, request, response);
        return response.writeHead(200, { 'content-length': content.length }).end(content);
      });
      await assertStored(await fetch(server, fileOf(content, server.url())));
      assert.deepEqual(server.ranges, [undefined, 'bytes=150000-']);
    });

    it('and the server starts over and breaks at the same byte for ever, gives up', async () => {
      const server = await start((_, response) => {
        response.writeHead(200, { 'content-length': content.length });
        server.hold(1000, response);
        response.write(content.subarray(0, 1000));
      });
      await assertFails(fetch(server, fileOf(content, server.url()), { retries: 2 }), 'otaDownloadFailed');
    });

    const refusals: [string, number, Record<string, string>][] = [
      ['416', 416, {}],
      ['other bytes than asked for', 206, { 'content-range': `bytes 0-9/${content.length}` }],
      ['bytes without saying which', 206, {}],
    ];
    for (const [what, status, headers] of refusals) {
      it(`and the server answers ${what}, starts over`, async () => {
        const server = await start((request, response, count) => {
          if (count === 1) server.cutAt(150_000, content, request, response);
          else if (count === 2) response.writeHead(status, headers).end('nonsense');
          else serve(content, request, response);
        });
        await assertStored(await fetch(server, fileOf(content, server.url())));
        assert.deepEqual(server.ranges, [undefined, 'bytes=150000-', undefined]);
      });
    }
  });

  describe('of other bytes than the notice says', () => {
    it('is refused before the first byte when the server announces another size', async () => {
      for (const size of [content.length - 1, content.length + 1]) {
        const server = await start((request, response) => serve(content, request, response));
        const file = { ...fileOf(content, server.url()), size };
        let received = 0;
        const onProgress = () => received++;
        await assertFails(fetch(server, file, { onProgress }), 'otaVerifyFailed', /300000 bytes instead of/);
        assert.equal(received, 0);
      }
    });

    it('is refused when fewer bytes arrive', async () => {
      const server = await start((_, response) => response.writeHead(200).end(content.subarray(0, 1000)));
      await assertFails(
        fetch(server, fileOf(content, server.url())),
        'otaVerifyFailed',
        /1000 bytes .* 300000/,
      );
    });

    it('is stopped at the first byte too many, even if the server never ends', async () => {
      let sent = 0;
      const server = await start((_, response) => {
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
      await assertFails(fetch(server, file, { maxSize: 1000 }), 'otaVerifyFailed', /more bytes .* 1000/);
      assert.ok(sent < 100 * content.length);
    });

    it('is refused when a byte differs', async () => {
      const server = await start((request, response) => serve(content, request, response));
      const other = Buffer.from(content);
      other[1000] = (other[1000] ?? 0) ^ 1;
      for (const method of ['md5', 'sha256'] as const) {
        const file = fileOf(other, server.url(), method);
        await assertFails(fetch(server, file), 'otaVerifyFailed', new RegExp(method));
      }
    });

    it('is refused when the size changes in mid-download', async () => {
      const server = await start((request, response, count) => {
        if (count === 1) server.cutAt(1000, content, request, response);
        else
          response.writeHead(206, { 'content-range': 'bytes 1000-1999/2000' }).end(content.subarray(0, 1000));
      });
      await assertFails(fetch(server, fileOf(content, server.url())), 'otaVerifyFailed', /2000 bytes/);
    });
  });

  it('above maxSize is refused without asking the server', async () => {
    const server = await start((request, response) => serve(content, request, response));
    const work = fetch(server, fileOf(content, server.url()), { maxSize: content.length - 1 });
    await assertFails(work, 'otaTooLarge', /300000 bytes, more than the 299999/);
    assert.equal(server.ranges.length, 0);
  });

  describe('from an address', () => {
    it('that has expired fails at once', async () => {
      for (const status of [401, 403]) {
        const server = await start((_, response) => response.writeHead(status).end());
        const work = fetch(server, fileOf(content, server.url()));
        await assertFails(work, 'otaUrlExpired', new RegExp(`HTTP ${status}`));
        assert.equal(server.ranges.length, 1);
      }
    });

    it('that expires in mid-download fails and leaves nothing', async () => {
      const server = await start((request, response, count) => {
        if (count === 1) server.cutAt(150_000, content, request, response);
        else response.writeHead(403).end();
      });
      await assertFails(fetch(server, fileOf(content, server.url())), 'otaUrlExpired');
    });

    it('that is unknown fails at once', async () => {
      const server = await start((_, response) => response.writeHead(404).end());
      await assertFails(fetch(server, fileOf(content, server.url())), 'otaDownloadFailed', /HTTP 404/);
      assert.equal(server.ranges.length, 1);
    });

    it('whose server is in trouble is tried again', async () => {
      const server = await start((request, response, count) => {
        if (count <= 2) response.writeHead(503).end();
        else serve(content, request, response);
      });
      await assertStored(await fetch(server, fileOf(content, server.url())));
    });

    it('whose server stays in trouble fails after the retries', async () => {
      const server = await start((_, response) => response.writeHead(500).end('sorry'));
      const work = fetch(server, fileOf(content, server.url()), { retries: 2 });
      await assertFails(work, 'otaDownloadFailed', /HTTP 500/);
      assert.equal(server.ranges.length, 3);
    });

    it('whose certificate nobody vouches for fails', async () => {
      const server = await start((request, response) => serve(content, request, response));
      const work = fetch(server, fileOf(content, server.url()), { ca: [], retries: 0 });
      await assertFails(work, 'otaDownloadFailed', /certificate/);
      assert.equal(server.ranges.length, 0);
    });

    it('whose certificate is for another host fails', async () => {
      const server = await start((request, response) => serve(content, request, response));
      const url = server.url().replace('127.0.0.1', 'localhost');
      await assertFails(fetch(server, fileOf(content, url), { retries: 0 }), 'otaDownloadFailed');
      assert.equal(server.ranges.length, 0);
    });

    const refused = ['file:///etc/hostname', 'data:text/plain,topsecret', 'ftp://h/f', 'topsecret', ''];
    for (const url of refused) {
      it(`like "${url}" is refused`, async () => {
        const server = await start(() => {});
        await assertFails(fetch(server, fileOf(content, url), { allowHttp: true }), 'otaUrlRefused');
      });
    }

    it('without TLS is refused, unless http: is allowed', async () => {
      const server = await start((request, response) => serve(content, request, response), 'http');
      const file = fileOf(content, server.url());
      await assertFails(fetch(server, file), 'otaUrlRefused', /http: is not allowed/);
      assert.equal(server.ranges.length, 0);
      await assertStored(await fetch(server, file, { allowHttp: true }));
    });
  });

  describe('that is redirected', () => {
    it('follows, also to a path, and continues there after a cut', async () => {
      let cut = false;
      const server = await start((request, response) => {
        if (request.url?.startsWith('/firmware.bin')) {
          response.writeHead(302, { location: '/elsewhere?Signature=topsecret' }).end('moved');
        } else if (cut) serve(content, request, response);
        else {
          cut = true;
          server.cutAt(1000, content, request, response);
        }
      });
      await assertStored(await fetch(server, fileOf(content, server.url())));
      assert.deepEqual(server.ranges, [undefined, undefined, 'bytes=1000-', 'bytes=1000-']);
    });

    it('in a circle fails', async () => {
      const server = await start((_, response) => response.writeHead(302, { location: server.url() }).end());
      await assertFails(
        fetch(server, fileOf(content, server.url())),
        'otaDownloadFailed',
        /redirects more than 5/,
      );
      assert.equal(server.ranges.length, 6);
    });

    it('to nowhere fails', async () => {
      const server = await start((_, response) => response.writeHead(302).end());
      await assertFails(fetch(server, fileOf(content, server.url())), 'otaDownloadFailed', /nowhere/);
    });

    it('to http: is refused', async () => {
      const plain = await start((request, response) => serve(content, request, response), 'http');
      const server = await start((_, response) => response.writeHead(307, { location: plain.url() }).end());
      await assertFails(fetch(server, fileOf(content, server.url())), 'otaUrlRefused', /redirects .* http:/);
      assert.equal(plain.ranges.length, 0);
    });

    it('to a file is refused, even if http: is allowed', async () => {
      const server = await start((_, response) =>
        response.writeHead(302, { location: 'file:///etc/hostname' }).end(),
      );
      const work = fetch(server, fileOf(content, server.url()), { allowHttp: true });
      await assertFails(work, 'otaUrlRefused', /redirects/);
    });
  });

  describe('that is aborted', () => {
    it('before it starts asks nobody', async () => {
      const server = await start((request, response) => serve(content, request, response));
      await assertFails(
        fetch(server, fileOf(content, server.url()), { signal: AbortSignal.abort() }),
        'aborted',
      );
      assert.equal(server.ranges.length, 0);
    });

    it('in the middle leaves nothing and closes the connection', async () => {
      let closed: Promise<void> = Promise.reject(new Error('not asked'));
      closed.catch(() => {});
      const server = await start((_, response) => {
        closed = new Promise((resolve) => response.on('close', resolve));
        response.writeHead(200, { 'content-length': content.length });
        response.write(content.subarray(0, 1000));
      });
      const abort = new AbortController();
      const onProgress = () => abort.abort();
      await assertFails(
        fetch(server, fileOf(content, server.url()), { signal: abort.signal, onProgress }),
        'aborted',
      );
      await closed;
    });

    it('between two tries does not wait for the next', async () => {
      const abort = new AbortController();
      const server = await start((_, response) => {
        response.writeHead(503).end();
        response.on('close', () => abort.abort());
      });
      const backoff = new Backoff(60_000, 60_000);
      const work = fetch(server, fileOf(content, server.url()), { signal: abort.signal, backoff });
      await assertFails(work, 'aborted');
    });
  });

  describe('to a disk', () => {
    it('that lets nothing be written fails', async () => {
      await writeFile(directory, 'a file where the directory should be');
      const server = await start((request, response) => serve(content, request, response));
      await assert.rejects(fetch(server, fileOf(content, server.url())), {
        reason: 'otaStorageFailed',
        code: 'CONFIG',
      });
      assert.equal(server.ranges.length, 0);
      assert.equal(await readFile(directory, 'utf8'), 'a file where the directory should be');
    });

    it('whose name is taken by a directory fails, and leaves that alone', async () => {
      await mkdir(join(directory, name), { recursive: true });
      const server = await start((request, response) => serve(content, request, response));
      await assert.rejects(fetch(server, fileOf(content, server.url())), { reason: 'otaStorageFailed' });
      assert.deepEqual(await readdir(directory), [name]);
    });

    it('under a hostile name is refused', async () => {
      const server = await start((request, response) => serve(content, request, response));
      for (const hostile of [
        '../evil',
        '/tmp/evil',
        '.hidden',
        '..',
        '',
        'a/b',
        'a\0b',
        'x.part',
        'x'.repeat(101),
      ]) {
        const file = { ...fileOf(content, server.url()), name: hostile };
        await assertFails(fetch(server, file), 'otaStorageFailed', /file name/);
      }
      assert.deepEqual(await readdir(join(directory, '..')), []);
    });
  });
});
