/**
 * A program is killed (`kill -9`) in each state of an upgrade and started anew: it goes on where it was, the server gives
 * each byte once, and the cloud sees one upgrade that succeeds.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cloud, type CloudDevice } from '../simulators/cloud';
import type { Order, Start, Told } from '../support/upgrading-child';

const LAMP = {
  productKey: 'a1Survivor',
  deviceName: 'lamp-1',
  deviceSecret: '0ddba11c0ffee00decafbad5eedf00d5',
};
const NAME = 'default-2.0.0.bin';
const content = randomBytes(2_000_000);

describe('the upgrade of a program that is killed', function () {
  this.timeout(120_000);
  let cloud: Cloud;
  let lamp: CloudDevice;
  let directory: string;
  const children = new Set<ChildProcess>();

  beforeEach(async () => {
    cloud = await Cloud.start({ devices: [LAMP] });
    lamp = cloud.device(LAMP.deviceName);
    directory = mkdtempSync(join(tmpdir(), 'mialink-ota-'));
  });
  afterEach(async () => {
    for (const child of children) child.kill('SIGKILL');
    children.clear();
    await cloud.close();
    rmSync(directory, { recursive: true, force: true });
  });

  /** A program, what it tells, and what it is told. */
  class Program {
    readonly told: Told[] = [];
    private readonly child = fork(join(__dirname, '../support/upgrading-child.ts'), {
      execArgv: ['--import', 'tsx'],
    });

    constructor(manual = false) {
      children.add(this.child);
      this.child.on('message', (told: Told) => this.told.push(told));
      const endpoint = `127.0.0.1:${cloud.tcpPort}`;
      const settings = { ...LAMP, endpoint, transport: 'tcp' } as const;
      const start: Start = { settings, directory, ca: cloud.ca, manual };
      this.child.send(start);
    }

    get states(): string[] {
      return this.told.flatMap((told) => ('state' in told ? [told.state] : []));
    }

    get firmware(): { firmware: string[]; repeated: boolean }[] {
      return this.told.filter((told) => 'firmware' in told);
    }

    /** Until it has told something that `matches`. */
    async until(matches: (told: Told) => boolean): Promise<void> {
      while (!this.told.some(matches)) await once(this.child, 'message');
    }

    async untilState(state: string): Promise<void> {
      await this.until((told) => 'state' in told && told.state === state);
    }

    async order(order: Order): Promise<void> {
      const before = this.told.length;
      this.child.send(order);
      while (!this.told.slice(before).some((told) => 'done' in told)) await once(this.child, 'message');
    }

    async kill(): Promise<void> {
      const exited = once(this.child, 'exit');
      this.child.kill('SIGKILL');
      assert.deepEqual(await exited, [null, 'SIGKILL']);
    }
  }

  const part = () => join(directory, `${NAME}.part`);
  const sizeOf = (path: string) => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  const ranges = () => cloud.firmware.requests.map(({ range }) => range);
  /** What is on disk of the firmware. */
  const stored = () => readdirSync(directory).filter((name) => name.startsWith('default-'));

  /** The rest of the way, and that it is one upgrade for everybody. */
  async function flashAndAssertSuccess(program: Program): Promise<void> {
    assert.deepEqual(stored(), [NAME]);
    assert.ok(readFileSync(join(directory, NAME)).equals(content));
    await program.order({ step: 100 });
    await program.order({ version: '2.0.0' });
    await program.untilState('done');
    // After an outage it may be informed only when the connection is back.
    while (lamp.upgrade?.state !== 'succeeded') await once(lamp, 'version');
    assert.ok(lamp.progress.every(({ step }) => !step.startsWith('-')));
    assert.ok(!program.told.some((told) => 'failed' in told));
  }

  /** A program that has handed the firmware out. */
  async function handedOut(): Promise<Program> {
    const program = new Program();
    lamp.pushFirmware({ version: '2.0.0', content });
    await program.until((told) => 'firmware' in told);
    assert.deepEqual(ranges(), [null]);
    return program;
  }

  it('notified: still waits for the word', async () => {
    const before = new Program(true);
    lamp.pushFirmware({ version: '2.0.0', content });
    await before.untilState('notified');
    // The state is told before it is on disk.
    while (sizeOf(join(directory, 'default.state')) === 0) await new Promise(setImmediate);
    await before.kill();
    // What it does now it knows from its disk alone.
    await cloud.stopBroker();
    const after = new Program(true);
    await after.untilState('notified');
    await after.order({ download: true });
    await after.until((told) => 'firmware' in told);
    assert.deepEqual(after.states, ['notified', 'downloading', 'verifying', 'verified']);
    assert.deepEqual(ranges(), [null]);
    await cloud.startBroker();
    await flashAndAssertSuccess(after);
  });

  it('downloading: fetches only what is missing, again and again', async () => {
    cloud.firmware.bytesPerSecond = 400_000;
    let program = new Program();
    lamp.pushFirmware({ version: '2.0.0', content });
    const kept: number[] = [];
    for (let kills = 0; kills < 3; kills++) {
      const before = sizeOf(part());
      while (sizeOf(part()) <= before) await new Promise(setImmediate);
      await program.kill();
      kept.push(sizeOf(part()));
      if (kills === 2) cloud.firmware.bytesPerSecond = null;
      program = new Program();
    }
    await program.until((told) => 'firmware' in told);
    assert.deepEqual(ranges(), [null, ...kept.map((bytes) => `bytes=${bytes}-`)]);
    assert.equal(program.firmware[0]?.repeated, false);
    await flashAndAssertSuccess(program);
  });

  it('verified: verifies the file, hands it out once more, and says so', async () => {
    await (await handedOut()).kill();
    await cloud.stopBroker();
    const after = new Program();
    await after.until((told) => 'firmware' in told);
    assert.deepEqual(after.states, ['verified', 'verifying', 'verified']);
    assert.deepEqual(after.firmware, [{ firmware: [join(directory, NAME)], repeated: true }]);
    await cloud.startBroker();
    assert.deepEqual(ranges(), [null]);
    await flashAndAssertSuccess(after);
  });

  it('flashing: the same', async () => {
    const before = await handedOut();
    await before.order({ step: 40 });
    await before.kill();
    const after = new Program();
    await after.until((told) => 'firmware' in told);
    assert.deepEqual(after.states, ['flashing', 'verifying', 'verified']);
    assert.deepEqual(after.firmware, [{ firmware: [join(directory, NAME)], repeated: true }]);
    assert.deepEqual(ranges(), [null]);
    await flashAndAssertSuccess(after);
  });

  it('waiting: informs what runs, and hands the file out once more, for nobody has told the version', async () => {
    const before = await handedOut();
    await before.order({ step: 100 });
    await before.kill();
    const informed = once(lamp, 'version');
    const after = new Program();
    await after.until((told) => 'firmware' in told);
    await informed;
    assert.deepEqual(lamp.versions, { default: '1.0.0' });
    assert.deepEqual(after.states, ['waiting', 'verifying', 'verified']);
    assert.deepEqual(after.firmware, [{ firmware: [join(directory, NAME)], repeated: true }]);
    assert.deepEqual(ranges(), [null]);
    await flashAndAssertSuccess(after);
  });

  it('done: takes nothing again', async () => {
    const before = await handedOut();
    await flashAndAssertSuccess(before);
    await before.kill();
    const informed = once(lamp, 'version');
    const after = new Program();
    await after.untilState('done');
    await informed;
    assert.deepEqual(lamp.versions, { default: '2.0.0' });
    assert.deepEqual([after.states, after.firmware, ranges()], [['done'], [], [null]]);
  });
});
