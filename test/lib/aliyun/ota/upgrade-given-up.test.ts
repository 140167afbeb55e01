/** What is left of a firmware on the disk when its upgrade is given up, and when that is written down. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { download } from '../../../../lib/aliyun/ota/download/download';
import type { OtaClient } from '../../../../lib/aliyun/ota/upgrade';
import type { Upgrade } from '../../../../lib/aliyun/ota/upgrade-state';
import { FirmwareServer, fileOf, serve } from './download/firmware-server';
import { FakeDisk, UpgradeBench } from './upgrade-bench';

const FILE = 'default-2.0.0.bin';
const content = randomBytes(100_000);

describe('a firmware upgrade that is given up', () => {
  let bench: UpgradeBench;
  let directory: string;
  let server: FirmwareServer;
  /** The server stops in the middle of a file. */
  let stalls: boolean;

  beforeEach(async () => {
    bench = new UpgradeBench();
    directory = await mkdtemp(join(tmpdir(), 'ota-given-up-'));
    stalls = false;
    server = await FirmwareServer.start((request, response) => {
      if (!stalls) return serve(content, request, response);
      response.writeHead(200, { 'content-length': content.length });
      return response.write(content.subarray(0, 50_000));
    });
  });
  afterEach(async () => {
    await bench.close();
    await server.close();
    await rm(directory, { recursive: true });
  });

  const start = (stateStore = bench.disk) =>
    bench.start({ directory, ca: [server.ca], version: '1.0.0', stateStore }, download);

  async function push(version = '2.0.0'): Promise<void> {
    const { url, size, sign } = fileOf(content, server.url());
    await bench.device.push({ version, url, size, sign, signMethod: 'SHA256' });
  }

  async function verified(): Promise<OtaClient> {
    const client = start();
    await push();
    await bench.until(() => bench.told.firmware.length > 0);
    assert.deepEqual(await firmware(), [FILE]);
    return client;
  }

  async function firmware(): Promise<string[]> {
    return (await readdir(directory)).filter((name) => !name.startsWith('.')).sort();
  }

  for (const [state, step] of [
    ['verified', undefined],
    ['flashing', 40],
    ['waiting', 100],
  ] as const) {
    it(`leaves no file when it is cancelled while it is ${state}`, async () => {
      const client = await verified();
      if (step !== undefined) await client.reportProgress(step, '');
      assert.equal(client.state, state);
      await client.cancel();
      assert.deepEqual([client.state, await firmware()], ['failed', []]);
      assert.doesNotMatch(await readFile(join(directory, '.firmware.json'), 'utf8'), /2\.0\.0/);
    });
  }

  it('leaves the other versions when it is cancelled', async () => {
    const client = await verified();
    await client.informVersion('2.0.0');
    await push('3.0.0');
    await bench.until(() => bench.told.firmware.length > 1);
    await client.cancel();
    assert.deepEqual(await firmware(), [FILE]);
  });

  it('leaves the verified file when the flow reports that it could not flash it: a new push needs no download', async () => {
    const client = await verified();
    await client.reportProgress(-4, 'worn out');
    assert.deepEqual([client.state, await firmware()], ['failed', [FILE]]);
    await push();
    await bench.until(() => bench.told.firmware.length > 1);
    assert.deepEqual([client.state, server.ranges.length], ['verified', 1]);
    assert.deepEqual([bench.told.failures, bench.told.steps.filter((step) => step < 0)], [[], []]);
  });

  describe('in the middle of a download', () => {
    /** What lay in the directory at each write of a state. */
    class WatchedDisk extends FakeDisk {
      readonly seen: [state: string, version: string | undefined, names: string[]][] = [];

      override async save(upgrade: Upgrade): Promise<void> {
        const version = 'notice' in upgrade ? upgrade.notice.version : undefined;
        this.seen.push([upgrade.state, version, await firmware()]);
        await super.save(upgrade);
      }
    }
    let disk: WatchedDisk;
    let client: OtaClient;

    beforeEach(async () => {
      disk = new WatchedDisk();
      stalls = true;
      client = start(disk);
      await push();
      while (!(await firmware()).includes(`${FILE}.part`)) await new Promise(setImmediate);
    });

    it('has removed the part before the cancel is written down', async () => {
      await client.cancel();
      const ended = disk.seen.filter(([state]) => state === 'failed');
      assert.ok(ended.length > 0);
      for (const [, , names] of ended) assert.deepEqual(names, []);
    });

    it('has removed the part before the newer firmware is written down', async () => {
      await push('3.0.0');
      await bench.until(() => disk.seen.some(([, version]) => version === '3.0.0'));
      const newer = disk.seen.filter(([, version]) => version === '3.0.0');
      for (const [, , names] of newer) assert.ok(!names.includes(`${FILE}.part`), names.join());
    });

    it('has removed the part before it is written down that the flow has done without', async () => {
      await writeFile(join(directory, 'of-the-user.bin.part'), 'mine');
      await client.informVersion('2.0.0');
      assert.deepEqual(disk.seen.at(-1), ['done', undefined, ['of-the-user.bin.part']]);
    });
  });
});
