/** An upgrade with a real server and a real directory. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { download } from '../../../../lib/aliyun/ota/download';
import { FirmwareServer, fileOf, serve } from './firmware-server';
import { settled, sign, UpgradeBench } from './upgrade-bench';

describe('a firmware upgrade', () => {
  let bench: UpgradeBench;

  beforeEach(() => {
    bench = new UpgradeBench();
  });
  afterEach(() => bench.close());

  describe('with a real server and disk', () => {
    const content = randomBytes(200_000);
    let directory: string;
    let server: FirmwareServer;

    beforeEach(async () => {
      directory = await mkdtemp(join(tmpdir(), 'ota-upgrade-'));
      server = await FirmwareServer.start((request, response) => serve(content, request, response));
    });

    afterEach(async () => {
      await server.close();
      await rm(directory, { recursive: true });
    });

    function noticeOf(bytes: Buffer): object {
      const { url, size, sign: digest } = fileOf(bytes, server.url());
      return { version: '2.0.0', url, size, sign: digest, signMethod: 'SHA256' };
    }

    it('leaves the verified file', async () => {
      const client = bench.start({ directory, ca: [server.ca] }, download);
      const firmware = new Promise<string[]>((resolve) =>
        client.on('firmware', ({ paths }) => resolve(paths)),
      );
      await bench.device.push(noticeOf(content));
      const paths = await firmware;
      assert.deepEqual(paths, [join(directory, 'default-2.0.0.bin')]);
      assert.deepEqual(await readdir(directory), ['default-2.0.0.bin']);
      assert.ok(content.equals(await readFile(join(directory, 'default-2.0.0.bin'))));
      assert.deepEqual([bench.device.steps[0], bench.device.steps.at(-1)], ['1', '100']);
    });

    it('leaves no file of a firmware whose second file is corrupt', async () => {
      const client = bench.start({ directory, ca: [server.ca] }, download);
      const failed = once(client, 'failed');
      const { url, size, sign: digest } = fileOf(content, server.url());
      const good = { fileName: 'good', fileUrl: url, fileSize: size, fileSign: digest };
      const bad = { ...good, fileName: 'bad', fileSign: sign };
      await bench.device.push({ version: '2.0.0', signMethod: 'SHA256', files: [good, bad] });
      await failed;
      assert.deepEqual(await readdir(directory), []);
      await settled();
      bench.assertFailed(client, -3, 'otaVerifyFailed');
    });

    it('leaves no file when it is closed in mid-download', async () => {
      const endless = await FirmwareServer.start((_, response) => {
        response.writeHead(200, { 'content-length': content.length });
        response.write(content.subarray(0, 1000));
      });
      try {
        const client = bench.start({ directory, ca: [endless.ca] }, download);
        await bench.device.push({ ...noticeOf(content), url: endless.url() });
        while ((await readdir(directory)).length === 0) await settled();
        await client.close();
        assert.deepEqual(await readdir(directory), []);
      } finally {
        await endless.close();
      }
    });
  });
});
