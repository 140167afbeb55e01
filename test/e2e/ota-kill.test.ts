/**
 * A real Node-RED is killed (`kill -9`) in each state of an upgrade and started anew: it goes on where it was, the server
 * gives each byte once, and the cloud sees one upgrade with one end.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Cloud, type CloudDevice } from '../simulators/cloud';
import { UpgradingNodeRed } from '../support/upgrading-node-red';

const LAMP = {
  productKey: 'a1Survivor',
  deviceName: 'lamp-1',
  deviceSecret: '0ddba11c0ffee00decafbad5eedf00d5',
};
const FILE = 'default-2.0.0.bin';
const PART = `${FILE}.part`;
/** Large enough for a digest by a thread that follows the file. */
const content = randomBytes(20 * 1024 * 1024);

const DOWNLOADED = { module: 'default', step: '100', desc: 'verified' };
const FLASHING = { module: 'default', step: '40', desc: 'flashing' };
const FLASHED = { module: 'default', step: '100', desc: 'flashed' };

describe('the upgrade of a Node-RED that is killed', function () {
  this.timeout(120_000);
  let cloud: Cloud;
  let lamp: CloudDevice;
  let informed: string[];
  let nodeRed: UpgradingNodeRed | undefined;

  async function setUp(): Promise<void> {
    cloud = await Cloud.start({ devices: [LAMP] });
    lamp = cloud.device(LAMP.deviceName);
    informed = [];
    lamp.on('version', ({ version }) => informed.push(version));
  }
  async function tearDown(): Promise<void> {
    await nodeRed?.close();
    nodeRed = undefined;
    await cloud.close();
  }
  beforeEach(setUp);
  afterEach(tearDown);

  async function start(download?: 'manual'): Promise<UpgradingNodeRed> {
    nodeRed = await UpgradingNodeRed.start(cloud, lamp, download);
    return nodeRed;
  }

  /** One that has handed the firmware out, and the cloud knows it. */
  async function startAndDownload(): Promise<UpgradingNodeRed> {
    const started = await start();
    lamp.pushFirmware({ version: '2.0.0', content });
    const firmware = await started.handedOut();
    assert.deepEqual(firmware, { file: join(started.folder, FILE), version: '2.0.0' });
    await untilTold('verified');
    assert.deepEqual(ranges(), [null]);
    return started;
  }

  const ranges = () => cloud.firmware.requests.map(({ range }) => range);

  async function untilTold(desc: string): Promise<void> {
    while (lamp.progress.at(-1)?.desc !== desc) await once(lamp, 'progress');
  }

  async function untilSucceeded(): Promise<void> {
    while (lamp.upgrade?.state !== 'succeeded') await once(lamp, 'version');
  }

  /** Which state is on disk, which files of the firmware with which bytes, and that all there is the owner's alone. */
  function assertDisk(
    { folder, names, record }: UpgradingNodeRed,
    state: string,
    files: Record<string, Buffer>,
  ) {
    assert.equal(record?.state, state);
    assert.deepEqual(
      names.filter((name) => name.startsWith('default-')),
      Object.keys(files),
    );
    for (const [name, bytes] of Object.entries(files)) {
      assert.ok(readFileSync(join(folder, name)).equals(bytes), `${name} holds other bytes`);
    }
    for (const name of names) assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name);
  }

  /** What it does now it knows from its disk alone, and what the cloud hears is of it. */
  async function restartWithoutCloud(killed: UpgradingNodeRed): Promise<void> {
    await cloud.stopBroker();
    lamp.progress.length = 0;
    await killed.restart();
  }

  /** It has restarted without the cloud, and goes all the way. */
  async function assertSuccess(
    restarted: UpgradingNodeRed,
    isRepeated: boolean,
    bytes = content,
  ): Promise<void> {
    const firmware = { file: join(restarted.folder, FILE), version: '2.0.0' };
    const expected = isRepeated ? { ...firmware, repeated: true } : firmware;
    assert.deepEqual(await restarted.handedOut(), expected);
    assertDisk(restarted, 'verified', { [FILE]: bytes });
    await cloud.startBroker();
    await untilTold('verified');
    await restarted.press('flashed');
    await untilTold('flashed');
    assert.equal(lamp.upgrade?.state, 'upgrading');
    await restarted.press('version');
    await untilSucceeded();
    await restarted.untilState('done');
    assertDisk(restarted, 'done', { [FILE]: bytes });
    // The first step of a download may have waited for the cloud, or given way to the last.
    const told = lamp.progress.filter(({ desc }) => desc !== 'downloading');
    assert.deepEqual(told, [DOWNLOADED, FLASHED]);
    assert.deepEqual(informed, ['1.0.0', '1.0.0', '2.0.0']);
    assert.doesNotMatch(restarted.log, /debug:failed|uncaught|unhandled/i);
  }

  /** A download that is asked for is refused: nothing has come of the cloud's answer to the version either. */
  async function assertNothingPending(restarted: UpgradingNodeRed): Promise<void> {
    await restarted.press('download');
    await restarted.failure(/no firmware is waiting/);
    assert.equal(restarted.hasHandedOut, false);
    assert.deepEqual(ranges(), [null]);
  }

  it('notified: still waits for the word', async () => {
    const killed = await start('manual');
    lamp.pushFirmware({ version: '2.0.0', content });
    await killed.untilState('notified');
    await killed.kill();
    assertDisk(killed, 'notified', {});
    assert.deepEqual([ranges(), lamp.progress, lamp.upgrade?.state], [[], [], 'pushed']);

    await restartWithoutCloud(killed);
    await killed.press('download');
    await assertSuccess(killed, false);
    assert.deepEqual(ranges(), [null]);
  });

  it('downloading: fetches only what is missing', async () => {
    const half = content.subarray(0, content.length / 2);
    const killed = await start();
    cloud.firmware.stallAfter = half.length;
    lamp.pushFirmware({ version: '2.0.0', content });
    await killed.untilDisk(() => killed.sizeOf(PART) === half.length);
    await untilTold('downloading');
    await killed.kill();
    assertDisk(killed, 'downloading', { [PART]: half });
    assert.deepEqual([ranges(), lamp.upgrade?.state], [[null], 'upgrading']);

    cloud.firmware.stallAfter = null;
    await restartWithoutCloud(killed);
    await assertSuccess(killed, false);
    assert.deepEqual(ranges(), [null, `bytes=${half.length}-`]);
  });

  /**
   * Killed with all but the last bytes on disk, and once more when they have come as well: the digest of all, of which
   * nothing was kept, takes much longer (MD5: two tenths of a second for 128 MB) than to see the state on disk and to kill.
   */
  async function killVerifying(large: Buffer): Promise<UpgradingNodeRed> {
    const killed = await start();
    const most = large.length - 1_000;
    cloud.firmware.stallAfter = most;
    lamp.pushFirmware({ version: '2.0.0', content: large, signMethod: 'Md5' });
    await killed.untilDisk(() => killed.sizeOf(PART) === most);
    await untilTold('downloading');
    await killed.kill();
    cloud.firmware.stallAfter = null;
    await restartWithoutCloud(killed);
    await killed.untilDisk(() => killed.record?.state !== 'downloading');
    await killed.kill();
    assert.deepEqual(ranges(), [null, `bytes=${most}-`]);
    return killed;
  }

  it('verifying: verifies anew what has come, and asks the server for nothing', async () => {
    const large = Buffer.alloc(128 * 1024 * 1024, randomBytes(1_000_003));
    let killed = await killVerifying(large);
    // It could still be that the machine slept in between.
    for (let tries = 1; killed.record?.state !== 'verifying' && tries < 3; tries++) {
      await tearDown();
      await setUp();
      killed = await killVerifying(large);
    }
    assertDisk(killed, 'verifying', { [PART]: large });

    const before = ranges();
    await killed.restart();
    await assertSuccess(killed, false, large);
    assert.deepEqual(ranges(), before);
  });

  it('verifying, and the file has its name already: the same', async () => {
    const killed = await start();
    // Written before the firmware counts as verified; a pipe that nobody reads holds whoever opens it to write.
    const pipe = join(killed.folder, '.firmware.json.new');
    execFileSync('mkfifo', ['-m', '600', pipe]);
    lamp.pushFirmware({ version: '2.0.0', content });
    await killed.untilDisk(() => killed.record?.state === 'verifying' && killed.names.includes(FILE));
    await untilTold('downloading');
    await killed.kill();
    rmSync(pipe);
    assertDisk(killed, 'verifying', { [FILE]: content });
    assert.equal(lamp.upgrade?.state, 'upgrading');

    await restartWithoutCloud(killed);
    await assertSuccess(killed, false);
    assert.deepEqual(ranges(), [null]);
  });

  it('verified: verifies the file, hands it out once more, and says so', async () => {
    const killed = await startAndDownload();
    await killed.kill();
    assertDisk(killed, 'verified', { [FILE]: content });
    assert.deepEqual([lamp.progress.at(-1), lamp.upgrade?.state], [DOWNLOADED, 'upgrading']);

    await restartWithoutCloud(killed);
    await assertSuccess(killed, true);
    assert.deepEqual(ranges(), [null]);
  });

  it('flashing: the same', async () => {
    const killed = await startAndDownload();
    await killed.press('flashing');
    await killed.untilState('flashing');
    await untilTold('flashing');
    await killed.kill();
    assertDisk(killed, 'flashing', { [FILE]: content });
    assert.deepEqual([lamp.progress.at(-1), lamp.upgrade?.state], [FLASHING, 'upgrading']);

    await restartWithoutCloud(killed);
    await assertSuccess(killed, true);
    assert.deepEqual(ranges(), [null]);
  });

  it('waiting for the version: the same, for nobody has told it', async () => {
    const killed = await startAndDownload();
    await killed.press('flashed');
    await killed.untilState('waiting');
    await untilTold('flashed');
    await killed.kill();
    assertDisk(killed, 'waiting', { [FILE]: content });
    assert.deepEqual([lamp.progress.at(-1), lamp.upgrade?.state], [FLASHED, 'upgrading']);

    await restartWithoutCloud(killed);
    await assertSuccess(killed, true);
    assert.deepEqual(ranges(), [null]);
  });

  it('done: informs what runs, and takes nothing again', async () => {
    const killed = await startAndDownload();
    await killed.press('version');
    await killed.untilState('done');
    await untilSucceeded();
    await killed.kill();
    assertDisk(killed, 'done', { [FILE]: content });
    const told = [...lamp.progress];

    const again = once(lamp, 'version');
    await killed.restart();
    await again;
    assert.deepEqual(informed, ['1.0.0', '2.0.0', '2.0.0']);
    await assertNothingPending(killed);
    assert.deepEqual([lamp.progress, lamp.upgrade?.state], [told, 'succeeded']);
    assertDisk(killed, 'done', { [FILE]: content });
  });

  it('failed, unheard: tells the cloud, and takes the same not again', async () => {
    const killed = await start('manual');
    lamp.pushFirmware({ version: '2.0.0', content, corrupt: { sign: '0'.repeat(64) } });
    await killed.untilState('notified');
    await cloud.stopBroker();
    await killed.press('download');
    await killed.failure(/does not match its notice/);
    await killed.untilDisk(() => killed.record?.unsent !== undefined);
    await killed.kill();
    assertDisk(killed, 'failed', {});
    assert.deepEqual([lamp.progress, lamp.upgrade?.state], [[], 'pushed']);

    await killed.restart();
    await cloud.startBroker();
    await killed.untilDisk(() => killed.record?.unsent === undefined);
    while (informed.length < 2) await once(lamp, 'version');
    await assertNothingPending(killed);
    assert.deepEqual(informed, ['1.0.0', '1.0.0']);
    assert.deepEqual([lamp.progress.map(({ step }) => step), lamp.upgrade?.state], [['-3'], 'failed']);
    assertDisk(killed, 'failed', {});
  });
});
