/** The course of a download, and the file that it leaves. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { Backoff } from '../../../../../lib/backoff';
import { content, DownloadBench, name } from './download-bench';
import { fileOf, serve } from './firmware-server';

describe('a firmware download', () => {
  let bench: DownloadBench;

  beforeEach(async () => {
    bench = await DownloadBench.create();
  });
  afterEach(() => bench.close());

  it('stores the verified file for its owner alone, and tells of every byte', async () => {
    const server = await bench.start((request, response) => serve(content, request, response));
    const progress: number[] = [];
    const onProgress = (received: number, size: number) => {
      assert.equal(size, content.length);
      progress.push(received);
    };
    const path = await bench.fetch(server, fileOf(content, server.url()), { onProgress });
    await bench.assertStored(path);
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    assert.equal((await stat(bench.directory)).mode & 0o777, 0o700);
    assert.equal(progress.at(-1), content.length);
    assert.deepEqual(
      progress,
      [...progress].sort((a, b) => a - b),
    );
  });

  it('keeps no connection when it is done', async () => {
    const sockets: Socket[] = [];
    const server = await bench.start((request, response) => {
      sockets.push(request.socket);
      serve(content, request, response);
    });
    await bench.fetch(server, fileOf(content, server.url()));
    const [socket] = sockets;
    assert.ok(socket);
    if (!socket.destroyed) await once(socket, 'close', { signal: AbortSignal.timeout(2000) });
  });

  it('verifies Md5 as well', async () => {
    const server = await bench.start((request, response) => serve(content, request, response));
    await bench.assertStored(await bench.fetch(server, fileOf(content, server.url(), 'md5')));
  });

  it('takes a file that is there already, without asking the server', async () => {
    const server = await bench.start((request, response) => serve(content, request, response));
    await bench.fetch(server, fileOf(content, server.url()));
    await bench.assertStored(await bench.fetch(server, fileOf(content, server.url())));
    assert.equal(server.ranges.length, 1);
  });

  it('takes a file that others may read, and closes it to them', async () => {
    const server = await bench.start((request, response) => serve(content, request, response));
    const path = await bench.fetch(server, fileOf(content, server.url()));
    await chmod(path, 0o644);
    await bench.assertStored(await bench.fetch(server, fileOf(content, server.url())));
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    assert.equal(server.ranges.length, 1);
  });

  it('fetches a file again that others can write to', async () => {
    const server = await bench.start((request, response) => serve(content, request, response));
    const path = await bench.fetch(server, fileOf(content, server.url()));
    await chmod(path, 0o620);
    await bench.assertStored(await bench.fetch(server, fileOf(content, server.url())));
    assert.equal(server.ranges.length, 2);
  });

  it('replaces a file of that name with other bytes', async () => {
    await mkdir(bench.directory);
    await writeFile(join(bench.directory, name), randomBytes(content.length));
    const server = await bench.start((request, response) => serve(content, request, response));
    await bench.assertStored(await bench.fetch(server, fileOf(content, server.url())));
  });

  it('removes a file of that name with other bytes even when the download fails', async () => {
    await mkdir(bench.directory);
    await writeFile(join(bench.directory, name), 'something else');
    const server = await bench.start((_, response) => response.writeHead(404).end());
    await bench.assertFails(bench.fetch(server, fileOf(content, server.url())), 'otaDownloadFailed', /404/);
  });

  it('fetches once when two ask for the same file at the same time', async () => {
    const server = await bench.start((request, response) => serve(content, request, response));
    const file = fileOf(content, server.url());
    const [one, other] = await Promise.all([bench.fetch(server, file), bench.fetch(server, file)]);
    assert.equal(one, other);
    await bench.assertStored(one);
    assert.equal(server.ranges.length, 1);
  });

  it('does not wait for the other when it is aborted', async () => {
    const server = await bench.start((_, response) => response.writeHead(200).flushHeaders());
    const file = fileOf(content, server.url());
    const first = new AbortController();
    const second = new AbortController();
    const holds = bench.fetch(server, file, { signal: first.signal });
    const waits = bench.fetch(server, file, { signal: second.signal });
    second.abort();
    await assert.rejects(waits, { reason: 'aborted' });
    first.abort();
    await bench.assertFails(holds, 'aborted');
  });

  describe('that is aborted', () => {
    it('before it starts asks nobody', async () => {
      const server = await bench.start((request, response) => serve(content, request, response));
      await bench.assertFails(
        bench.fetch(server, fileOf(content, server.url()), { signal: AbortSignal.abort() }),
        'aborted',
      );
      assert.equal(server.ranges.length, 0);
    });

    it('in the middle closes the connection and keeps what has come', async () => {
      let closed: Promise<void> = Promise.reject(new Error('not asked'));
      closed.catch(() => {});
      const server = await bench.start((request, response, count) => {
        if (count > 1) return serve(content, request, response);
        closed = new Promise((resolve) => response.on('close', resolve));
        response.writeHead(200, { 'content-length': content.length });
        return response.write(content.subarray(0, 1000));
      });
      const file = fileOf(content, server.url());
      const abort = new AbortController();
      const onProgress = () => abort.abort();
      await bench.assertPauses(
        bench.fetch(server, file, { signal: abort.signal, onProgress }),
        'aborted',
        1000,
      );
      await closed;
      await bench.assertStored(await bench.fetch(server, file));
      assert.deepEqual(server.ranges, [undefined, 'bytes=1000-']);
    });

    it('between two tries does not wait for the next', async () => {
      const abort = new AbortController();
      const server = await bench.start((_, response) => {
        response.writeHead(503).end();
        response.on('close', () => abort.abort());
      });
      const backoff = new Backoff(60_000, 60_000);
      const work = bench.fetch(server, fileOf(content, server.url()), { signal: abort.signal, backoff });
      await bench.assertFails(work, 'aborted');
    });
  });

  describe('to a disk', () => {
    it('that lets nothing be written fails', async () => {
      await writeFile(bench.directory, 'a file where the directory should be');
      const server = await bench.start((request, response) => serve(content, request, response));
      await assert.rejects(bench.fetch(server, fileOf(content, server.url())), {
        reason: 'otaStorageFailed',
        code: 'CONFIG',
      });
      assert.equal(server.ranges.length, 0);
      assert.equal(await readFile(bench.directory, 'utf8'), 'a file where the directory should be');
    });

    it('whose name is taken by a directory fails, and leaves that alone', async () => {
      await mkdir(join(bench.directory, name), { recursive: true });
      const server = await bench.start((request, response) => serve(content, request, response));
      await assert.rejects(bench.fetch(server, fileOf(content, server.url())), {
        reason: 'otaStorageFailed',
      });
      assert.deepEqual(await readdir(bench.directory), [name]);
    });

    it('under a hostile name is refused', async () => {
      const server = await bench.start((request, response) => serve(content, request, response));
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
        await bench.assertFails(bench.fetch(server, file), 'otaStorageFailed', /file name/);
      }
      assert.deepEqual(await readdir(join(bench.directory, '..')), []);
    });
  });
});
