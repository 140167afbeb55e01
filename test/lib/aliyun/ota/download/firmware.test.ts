/** A firmware of several files: what is left of it when one of them fails, or is put off. */
import assert from 'node:assert/strict';
import promises, { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sinon from 'sinon';
import type { DownloadOptions } from '../../../../../lib/aliyun/ota/download/download';
import { fetchFirmware } from '../../../../../lib/aliyun/ota/download/firmware';
import type { FirmwareNotice, NoticeFile } from '../../../../../lib/aliyun/ota/notice';
import { MialinkError, type Reason } from '../../../../../lib/errors';

const RECORD = '.firmware.json';

const fileOf = (name: string): NoticeFile => ({
  name,
  url: `https://h/${name}`,
  size: 100,
  signMethod: 'md5',
  sign: '0'.repeat(32),
});
const NOTICE: FirmwareNotice = {
  version: '2.0.0',
  module: 'MCU',
  files: [fileOf('MCU-2-a.bin'), fileOf('MCU-2-b.bin')],
  isDiff: false,
};

describe('a firmware of several files', () => {
  let directory: string;
  let progress: [number, number][];

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'firmware-'));
    progress = [];
  });
  afterEach(() => rm(directory, { recursive: true }));

  /** The second file fails for `reason`. */
  function fetch(reason?: Reason, more: Partial<DownloadOptions> = {}): Promise<string[]> {
    const fetchFile = async (file: NoticeFile, options: DownloadOptions) => {
      if (reason && file !== NOTICE.files[0]) throw new MialinkError(reason, { device: 'lamp' });
      const path = join(options.directory, file.name);
      await writeFile(path, 'firmware');
      options.onProgress?.(file.size, file.size);
      return path;
    };
    const onProgress = (received: number, size: number) => progress.push([received, size]);
    const { signal } = new AbortController();
    return fetchFirmware(NOTICE, { directory, label: 'lamp', signal, onProgress, ...more }, fetchFile);
  }

  it('is stored in their order, tells the bytes of all, and is written down', async () => {
    const paths = await fetch();
    assert.deepEqual(
      paths,
      NOTICE.files.map(({ name }) => join(directory, name)),
    );
    assert.deepEqual(progress, [
      [100, 200],
      [200, 200],
    ]);
    const record = JSON.parse(await readFile(join(directory, RECORD), 'utf8'));
    assert.deepEqual(record, [{ module: 'MCU', names: ['MCU-2-a.bin', 'MCU-2-b.bin'] }]);
  });

  it('is above maxSize when its files together are', async () => {
    await assert.rejects(fetch(undefined, { maxSize: 199 }), { reason: 'otaTooLarge' });
    assert.deepEqual(await readdir(directory), []);
    assert.equal((await fetch(undefined, { maxSize: 200 })).length, 2);
  });

  it('leaves none of them when one has failed for good', async () => {
    for (const reason of ['otaVerifyFailed', 'otaDownloadFailed', 'otaNoSpace'] as const) {
      await assert.rejects(fetch(reason), { reason });
      assert.deepEqual(await readdir(directory), []);
    }
  });

  it('keeps those that are stored when the rest will be continued, but is no version yet', async () => {
    for (const reason of ['aborted', 'otaUrlExpired'] as const) {
      await assert.rejects(fetch(reason), { reason });
      assert.deepEqual(await readdir(directory), ['MCU-2-a.bin']);
    }
  });

  describe('on a disk that has room for one of them, but not for all', () => {
    /** In bytes, beside what is spared for others. */
    async function leaveFree(bytes: number): Promise<void> {
      const stats = await promises.statfs(directory);
      const free = 16 * 1024 * 1024 + bytes;
      sinon.stub(promises, 'statfs').resolves({ ...stats, blocks: free, bavail: free, bsize: 1 });
    }

    it('is refused before the first is fetched', async () => {
      await leaveFree(199);
      await assert.rejects(fetch(), { reason: 'otaNoSpace' });
      assert.deepEqual(progress, []);
    });

    it('is fetched when what an earlier run left makes up for that', async () => {
      await leaveFree(199);
      await writeFile(join(directory, 'MCU-2-b.bin.part'), 'x');
      assert.equal((await fetch()).length, 2);
    });
  });
});
