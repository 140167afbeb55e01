/** A download onto a disk that has no room, or fails on the way. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import sinon from 'sinon';
import { WORKER_FROM_BYTES } from '../../../../../lib/aliyun/ota/download/digest';
import { content, DownloadBench, name } from './download-bench';
import { fileOf, serve } from './firmware-server';

const PETABYTE = 2 ** 50;

describe('a firmware download, to a disk', () => {
  let bench: DownloadBench;

  beforeEach(async () => {
    bench = await DownloadBench.create();
  });
  afterEach(() => bench.close());

  const serving = () => bench.start((request, response) => serve(content, request, response));

  it('that cannot hold what the notice announces asks nobody, and tells both numbers', async () => {
    const server = await serving();
    const file = { ...fileOf(content, server.url()), size: PETABYTE };
    await bench.assertFails(
      bench.fetch(server, file),
      'otaNoSpace',
      /^lamp: the firmware needs 11258999\d+ bytes in .*firmware, but only \d+ are free; make room/,
    );
    assert.equal(server.ranges.length, 0);
  });

  it('that cannot hold the rest either gives up what an earlier run left', async () => {
    await bench.leavePart(content);
    const server = await serving();
    const file = { ...fileOf(content, server.url()), size: PETABYTE };
    await bench.assertFails(bench.fetch(server, file), 'otaNoSpace');
  });

  it('that is full at the first byte, or later, fails and leaves nothing', async () => {
    for (const successes of [0, 1]) {
      const server = await bench.start((request, response, count) => {
        if (count === 1 && successes > 0) server.cutAt(1000, content, request, response);
        else serve(content, request, response);
      });
      const appendFile = await stubAppends();
      appendFile.callsFake(async function (this: unknown, ...parameters) {
        if (appendFile.callCount > successes) throw new Error('ENOSPC: no space left on device, write');
        return appendFile.wrappedMethod.apply(this, parameters);
      });
      const work = bench.fetch(server, fileOf(content, server.url()));
      await bench.assertFails(work, 'otaStorageFailed', /ENOSPC.*; check the directory and the free space/);
      appendFile.restore();
    }
  });

  it('where the file cannot get its name in the end fails and leaves nothing of ours', async () => {
    const server = await serving();
    const inTheWay = join(bench.directory, name);
    const onProgress = (received: number) => {
      if (received === content.length) mkdirSync(inTheWay);
    };
    await assert.rejects(bench.fetch(server, fileOf(content, server.url()), { onProgress }), {
      reason: 'otaStorageFailed',
    });
    assert.deepEqual(await readdir(bench.directory), [name]);
  });

  it('takes a file that is too large for this thread as well', async () => {
    const large = Buffer.alloc(WORKER_FROM_BYTES + 1, content);
    const server = await bench.start((request, response) => serve(large, request, response));
    await bench.fetch(server, fileOf(large, server.url(), 'md5'));
    await bench.fetch(server, fileOf(large, server.url(), 'md5'));
    assert.equal(server.ranges.length, 1);
    const wrong = { ...fileOf(large, server.url()), name, sign: '0'.repeat(64) };
    await bench.assertFails(bench.fetch(server, wrong), 'otaVerifyFailed', /sha256/);
  });

  async function stubAppends() {
    const handle = await open(join(bench.directory, '..', 'any'), 'w');
    const stub = sinon.stub(Object.getPrototypeOf(handle), 'appendFile');
    await handle.close();
    return stub;
  }
});
