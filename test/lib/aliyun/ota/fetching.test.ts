/** A firmware of several files that is given up: what of it goes with it. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { download } from '../../../../lib/aliyun/ota/download/download';
import { MialinkError } from '../../../../lib/errors';
import { sign, UpgradeBench } from './upgrade-bench';

const FIRST = 'default-2.0.0+a.bin';
const SECOND = 'default-2.0.0+b.bin';
const data = {
  version: '2.0.0',
  signMethod: 'SHA256',
  files: [
    { fileName: 'a.bin', fileUrl: 'https://h/a', fileSize: 8, fileSign: sign },
    { fileName: 'b.bin', fileUrl: 'https://h/b', fileSize: 8, fileSign: sign },
  ],
};

describe('a firmware of several files, given up', () => {
  let directory: string;
  let bench: UpgradeBench;
  /** Called when the second file is asked for. */
  let onSecond: () => void;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'fetching-'));
    bench = new UpgradeBench();
  });
  afterEach(async () => {
    await bench.close();
    await rm(directory, { recursive: true });
  });

  /** Finds the first file, or stores it; the second takes until it is aborted. */
  const fetchFile: typeof download = async ({ name, size }, options) => {
    const path = join(directory, name);
    if (name === SECOND) {
      return new Promise((_, reject) => {
        options.signal?.addEventListener('abort', () =>
          reject(new MialinkError('aborted', { device: 'lamp' })),
        );
        onSecond();
      });
    }
    if (!(await readdir(directory)).includes(name)) {
      await writeFile(path, 'firmware');
      options.onProgress?.(size, size);
    }
    return path;
  };

  /** Resolves when it asks for the second file. */
  async function start() {
    const second = new Promise<void>((resolve) => {
      onSecond = resolve;
    });
    const client = bench.start({ directory }, fetchFile);
    if (bench.disk.saved.length === 0) await bench.device.push(data);
    await second;
    return client;
  }

  it('leaves none of them', async () => {
    const client = await start();
    await client.cancel();
    assert.deepEqual(await readdir(directory), []);
  });

  it('after a restart leaves none of them either', async () => {
    const before = await start();
    await before.close();
    assert.deepEqual(await readdir(directory), [FIRST]);
    const client = await start();
    await client.cancel();
    assert.deepEqual(await readdir(directory), []);
  });

  it('leaves none of them either when they were complete before', async () => {
    for (const name of [FIRST, SECOND]) await writeFile(join(directory, name), 'firmware');
    const client = await start();
    await client.cancel();
    assert.deepEqual(await readdir(directory), []);
  });

  it('leaves those that were complete before to a newer firmware: they are an old version', async () => {
    for (const name of [FIRST, SECOND]) await writeFile(join(directory, name), 'firmware');
    const client = await start();
    const newer = { ...data.files[0], fileName: 'c.bin' };
    await bench.device.push({ ...data, version: '3.0.0', files: [newer] });
    await bench.until(() => bench.told.firmware.length > 0);
    await client.close();
    const left = (await readdir(directory)).filter((name) => !name.startsWith('.'));
    assert.deepEqual(left.sort(), [FIRST, SECOND, 'default-3.0.0.bin']);
  });
});
