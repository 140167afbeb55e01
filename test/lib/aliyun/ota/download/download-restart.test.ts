/** A download that an earlier run of the program began: it continues on what is on disk, if that is worth it. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmod, link, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { discardPart, download } from '../../../../../lib/aliyun/ota/download/download';
import { content, DownloadBench, part } from './download-bench';
import { fileOf, serve } from './firmware-server';

const HALF = 150_000;

describe('a firmware download that was begun before a restart', () => {
  let bench: DownloadBench;

  beforeEach(async () => {
    bench = await DownloadBench.create();
  });
  afterEach(() => bench.close());

  const serving = () => bench.start((request, response) => serve(content, request, response));

  for (const bytes of [1, HALF, content.length - 1]) {
    it(`continues after ${bytes} bytes`, async () => {
      await bench.leavePart(content.subarray(0, bytes));
      const server = await serving();
      const progress: number[] = [];
      const onProgress = (received: number) => progress.push(received);
      await bench.assertStored(await bench.fetch(server, fileOf(content, server.url()), { onProgress }));
      assert.deepEqual(server.ranges, [`bytes=${bytes}-`]);
      assert.ok(progress.every((received) => received > bytes));
    });
  }

  it('asks nobody when all bytes are there, and verifies them', async () => {
    await bench.leavePart(content);
    const server = await serving();
    await bench.assertStored(await bench.fetch(server, fileOf(content, server.url(), 'md5')));
    assert.equal(server.ranges.length, 0);
  });

  const damaged: [string, Buffer][] = [
    ['of another file', randomBytes(HALF)],
    ['whose end a power cut has left empty', Buffer.concat([content.subarray(0, 1000), Buffer.alloc(HALF)])],
    ['that is whole but wrong', randomBytes(content.length)],
  ];
  for (const [what, bytes] of damaged) {
    it(`starts over, once, from a beginning ${what}`, async () => {
      await bench.leavePart(bytes);
      const server = await serving();
      await bench.assertStored(await bench.fetch(server, fileOf(content, server.url())));
      const rest = bytes.length < content.length ? [`bytes=${bytes.length}-`] : [];
      assert.deepEqual(server.ranges, [...rest, undefined]);
    });
  }

  it('starts over only once: a server with other bytes fails', async () => {
    await bench.leavePart(content.subarray(0, HALF));
    const other = randomBytes(content.length);
    const server = await bench.start((request, response) => serve(other, request, response));
    await bench.assertFails(bench.fetch(server, fileOf(content, server.url())), 'otaVerifyFailed', /sha256/);
    assert.deepEqual(server.ranges, [`bytes=${HALF}-`, undefined]);
  });

  it('starts over when the server has no Range', async () => {
    await bench.leavePart(content.subarray(0, HALF));
    const server = await bench.start((_, response) => response.writeHead(200).end(content));
    await bench.assertStored(await bench.fetch(server, fileOf(content, server.url())));
    assert.deepEqual(server.ranges, [`bytes=${HALF}-`]);
  });

  it('continues what others may read, and closes it to them', async () => {
    await bench.leavePart(content.subarray(0, HALF));
    await chmod(join(bench.directory, part), 0o644);
    const server = await serving();
    const path = await bench.fetch(server, fileOf(content, server.url()));
    assert.deepEqual(server.ranges, [`bytes=${HALF}-`]);
    assert.equal((await stat(path)).mode & 0o777, 0o600);
  });

  describe('does not continue', () => {
    const fetched = async () => {
      const server = await serving();
      await bench.assertStored(await bench.fetch(server, fileOf(content, server.url())));
      assert.deepEqual(server.ranges, [undefined]);
    };

    it('what is longer than the file', async () => {
      await bench.leavePart(randomBytes(content.length + 1));
      await fetched();
    });

    it('through a link, and leaves alone where that leads', async () => {
      const target = join(bench.directory, '..', 'target');
      await writeFile(target, content.subarray(0, HALF), { mode: 0o600 });
      for (const make of [symlink, link]) {
        await mkdir(bench.directory, { recursive: true });
        await make(target, join(bench.directory, part));
        await fetched();
        assert.ok(content.subarray(0, HALF).equals(await readFile(target)));
        await rm(bench.directory, { recursive: true });
      }
    });

    it('what others can write to', async () => {
      await bench.leavePart(content.subarray(0, HALF));
      await chmod(join(bench.directory, part), 0o666);
      await fetched();
    });
  });

  it('leaves nothing when nobody will continue it', async () => {
    await bench.leavePart(content.subarray(0, HALF));
    await discardPart(bench.directory, fileOf(content, ''));
    assert.deepEqual(await readdir(bench.directory), []);
    // Again, and of a file or a directory that is not there, nothing happens.
    await discardPart(bench.directory, fileOf(content, ''));
    await discardPart(bench.directory, { ...fileOf(content, ''), name: '../evil' });
    await discardPart(join(bench.directory, 'missing'), fileOf(content, ''));
  });

  it('is discarded when the download under way has ended', async () => {
    const server = await bench.start((_, response) => {
      response.writeHead(200, { 'content-length': content.length }).write(content.subarray(0, 1000));
    });
    const abort = new AbortController();
    const file = fileOf(content, server.url());
    const { directory } = bench;
    let discarded: Promise<void> | undefined;
    const work = download(file, {
      directory,
      label: 'lamp',
      ca: [server.ca],
      signal: abort.signal,
      onProgress: () => {
        abort.abort();
        discarded ??= discardPart(directory, file);
      },
    });
    await assert.rejects(work, { reason: 'aborted' });
    await discarded;
    assert.deepEqual(await readdir(directory), []);
  });
});
