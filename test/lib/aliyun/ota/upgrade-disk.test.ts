/** An upgrade with a real server and a real directory. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sinon from 'sinon';
import { download } from '../../../../lib/aliyun/ota/download/download';
import type { OtaClient } from '../../../../lib/aliyun/ota/upgrade';
import { FirmwareServer, fileOf, serve } from './download/firmware-server';
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
      assert.deepEqual(await firmwareIn(directory), ['default-2.0.0.bin']);
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
      assert.deepEqual(await firmwareIn(directory), []);
      await settled();
      bench.assertFailed(client, -3, 'otaVerifyFailed');
    });

    describe('that sends half of it', () => {
      const half = content.length / 2;
      let halving: FirmwareServer;

      beforeEach(async () => {
        halving = await FirmwareServer.start((request, response, count) => {
          if (count > 1) return serve(content, request, response);
          response.writeHead(200, { 'content-length': content.length });
          return response.write(content.subarray(0, half));
        });
      });
      afterEach(() => halving.close());

      /** A client that has got the half. */
      async function halfway(): Promise<OtaClient> {
        const client = bench.start({ directory, ca: [halving.ca] }, download);
        await bench.device.push({ ...noticeOf(content), url: halving.url() });
        const part = join(directory, 'default-2.0.0.bin.part');
        while (((await stat(part).catch(() => undefined))?.size ?? 0) < half) await settled();
        return client;
      }

      it('keeps it when it is closed, and fetches the rest after the restart', async () => {
        const client = await halfway();
        assert.equal((await stat(join(directory, 'default-2.0.0.bin.part'))).mode & 0o777, 0o600);
        await client.close();
        assert.deepEqual(await firmwareIn(directory), ['default-2.0.0.bin.part']);
        assert.deepEqual(bench.device.steps, ['1']);
        const next = bench.start({ directory, ca: [halving.ca] }, download);
        await once(next, 'firmware');
        assert.deepEqual(halving.ranges, [undefined, `bytes=${half}-`]);
        assert.ok(content.equals(await readFile(join(directory, 'default-2.0.0.bin'))));
        assert.deepEqual(bench.told.failures, []);
      });

      it('removes it when it is cancelled', async () => {
        const client = await halfway();
        await client.cancel();
        assert.deepEqual(await firmwareIn(directory), []);
        bench.assertFailed(client, -1, 'aborted');
      });

      it('removes it when a newer firmware takes its place', async () => {
        await halfway();
        const newer = { ...noticeOf(content), url: halving.url(), version: '3.0.0' };
        await bench.device.push(newer);
        await bench.until(() => bench.told.firmware.length > 0);
        assert.deepEqual(await firmwareIn(directory), ['default-3.0.0.bin']);
        assert.deepEqual(bench.told.failures, []);
      });
    });

    it('counts several files as one', async () => {
      const clock = sinon.useFakeTimers({ toFake: ['performance'] });
      try {
        const client = bench.start({ directory });
        const bytes: (number | undefined)[] = [];
        client.on('progress', ({ received }) => bytes.push(received));
        const file = { fileUrl: 'https://h/f', fileSign: sign };
        const files = [
          { ...file, fileName: 'a', fileSize: 100 },
          { ...file, fileName: 'b', fileSize: 300 },
        ];
        await bench.device.push({ version: '2', signMethod: 'SHA256', files });
        (await bench.downloads.running()).end();
        await settled();
        clock.tick(3000);
        (await bench.downloads.running()).options.onProgress?.(100, 300);
        await bench.finish();
        assert.deepEqual(bench.told.firmware, [
          [join(directory, 'default-2+a'), join(directory, 'default-2+b')],
        ]);
        assert.deepEqual(bench.told.steps, [1, 50, 100]);
        assert.deepEqual(bytes, [0, 200, 400]);
      } finally {
        clock.restore();
      }
    });

    it('removes the first of several files when it is cancelled', async () => {
      const stalling = await FirmwareServer.start((request, response, count) => {
        if (count === 1) return serve(content, request, response);
        return response.writeHead(200, { 'content-length': content.length }).flushHeaders();
      });
      try {
        const client = bench.start({ directory, ca: [stalling.ca] }, download);
        const { size, sign: digest } = fileOf(content, '');
        const file = { fileUrl: stalling.url(), fileSize: size, fileSign: digest };
        await bench.device.push({ version: '2.0.0', signMethod: 'SHA256', files: [file, file] });
        await bench.until(() => stalling.ranges.length === 2);
        await client.cancel();
        assert.deepEqual(await firmwareIn(directory), []);
      } finally {
        await stalling.close();
      }
    });

    it('keeps as many versions as it is told', async () => {
      bench.start({ directory, ca: [server.ca], keepVersions: 2 }, download);
      for (const [index, version] of ['2.0.0', '3.0.0', '4.0.0'].entries()) {
        await bench.device.push({ ...noticeOf(content), version });
        await bench.until(() => bench.told.firmware.length > index);
      }
      await bench.close();
      assert.deepEqual(await firmwareIn(directory), ['default-3.0.0.bin', 'default-4.0.0.bin']);
    });
  });
});

/** Without what is written down about it. */
async function firmwareIn(directory: string): Promise<string[]> {
  return (await readdir(directory)).filter((name) => !name.startsWith('.')).sort();
}
