/** Two modules of one device are upgraded at the same time, into one directory. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { download } from '../../../../lib/aliyun/ota/download/download';
import { fileStateStore } from '../../../../lib/aliyun/ota/state-file';
import { FirmwareServer, fileOf } from './download/firmware-server';
import { UpgradeBench } from './upgrade-bench';

/** What a name of module and version joined by a minus would take for one. */
const MODULES = [
  { module: 'a', version: '1-0', content: randomBytes(300_000) },
  { module: 'a-1', version: '0', content: randomBytes(200_000) },
] as const;

describe('two modules of one device, upgraded at the same time', () => {
  let bench: UpgradeBench;
  let directory: string;
  let server: FirmwareServer;

  beforeEach(async () => {
    bench = new UpgradeBench();
    directory = await mkdtemp(join(tmpdir(), 'ota-modules-'));
    server = await FirmwareServer.start(halfUntilBothAsk());
  });
  afterEach(async () => {
    await bench.close();
    await server.close();
    await rm(directory, { recursive: true });
  });

  /** Each gets its second half when both have been sent the first. */
  function halfUntilBothAsk() {
    const rests: (() => void)[] = [];
    return ({ url = '' }: IncomingMessage, response: ServerResponse) => {
      const { content } = url.startsWith('/1') ? MODULES[1] : MODULES[0];
      const half = content.length / 2;
      response.writeHead(200, { 'content-length': content.length });
      response.write(content.subarray(0, half));
      rests.push(() => response.end(content.subarray(half)));
      if (rests.length === MODULES.length) for (const end of rests) end();
    };
  }

  const stateFileOf = (module: string) => join(directory, `${module}.state`);

  function start(module: string) {
    const stateStore = fileStateStore(stateFileOf(module));
    return bench.start({ directory, ca: [server.ca], module, stateStore, keepVersions: 1 }, download);
  }

  async function push(index: 0 | 1): Promise<void> {
    const { module, version, content } = MODULES[index];
    const { url, size, sign } = fileOf(content, server.url(`/${index}.bin`));
    await bench.device.push({ module, version, url, size, sign, signMethod: 'SHA256' });
  }

  it('both end with their own bytes, their own state and their own progress', async () => {
    const clients = MODULES.map(({ module }) => start(module));
    const paths = clients.map(
      (client) => new Promise<string[]>((resolve) => client.on('firmware', (one) => resolve(one.paths))),
    );
    await push(0);
    await push(1);
    for (const [index, { module, version, content }] of MODULES.entries()) {
      const [path = ''] = (await paths[index]) ?? [];
      assert.ok((await readFile(path)).equals(content), `${path} holds other bytes`);
      await clients[index]?.close();
      const kept = JSON.parse(await readFile(stateFileOf(module), 'utf8'));
      assert.deepEqual([kept.state, kept.notice.version], ['verified', version]);
      const steps = bench.device
        .sentTo('progress')
        .filter((sent) => JSON.stringify(sent).includes(`"${module}"`));
      assert.match(JSON.stringify(steps.at(-1)), /"step":"100"/);
    }
    assert.deepEqual([server.ranges, bench.told.failures], [[undefined, undefined], []]);
    // As one has the room of one version only: that does not cost the other its file.
    for (const [index, { content }] of MODULES.entries()) {
      const [path = ''] = (await paths[index]) ?? [];
      assert.ok((await readFile(path)).equals(content), `${basename(path)} was removed or replaced`);
    }
    const names = (await readdir(directory)).filter((name) => !name.startsWith('.'));
    assert.equal(names.filter((name) => name.endsWith('.bin')).length, 2);
    assert.deepEqual(
      names.filter((name) => name.endsWith('.part')),
      [],
    );
  });

  it('one that is cancelled takes nothing from the other', async () => {
    const [first, second] = MODULES.map(({ module }) => start(module));
    await push(0);
    await push(1);
    await bench.until(() => bench.told.firmware.length === 2);
    await first?.cancel();
    assert.equal(second?.state, 'verified');
    const left = (await readdir(directory)).filter((name) => name.endsWith('.bin'));
    assert.equal(left.length, 1);
    assert.ok((await readFile(join(directory, left[0] ?? ''))).equals(MODULES[1].content));
  });

  it('are one module when they differ in case only, since some disks would give them one file', () => {
    start('mcu');
    assert.throws(() => start('MCU'), { reason: 'otaModuleTaken', code: 'CONFIG' });
  });
});
