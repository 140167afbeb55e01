/** Which firmware files stay when newer ones come. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import {
  recordFirmware,
  removeFirmware,
  removeOldFirmware,
} from '../../../../../lib/aliyun/ota/download/old-versions';

const RECORD = '.firmware.json';

describe('old firmware', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'old-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  async function store(module: string, ...names: string[]): Promise<string[]> {
    const paths = names.map((name) => join(directory, name));
    for (const path of paths) await writeFile(path, 'firmware');
    await recordFirmware(directory, module, paths);
    return paths;
  }
  const left = async () => (await readdir(directory)).filter((name) => name !== RECORD).sort();

  it('goes, but for the newest ones and the current', async () => {
    for (const version of [1, 2, 3, 4]) await store('default', `default-${version}.bin`);
    const current = await store('default', 'default-5.bin');
    await removeOldFirmware(directory, 2, current);
    assert.deepEqual(await left(), ['default-3.bin', 'default-4.bin', 'default-5.bin']);
    await removeOldFirmware(directory, 0, current);
    assert.deepEqual(await left(), ['default-5.bin']);
  });

  it('goes with all its files', async () => {
    await store('MCU', 'MCU-1-a.bin', 'MCU-1-b.bin');
    const current = await store('MCU', 'MCU-2-a.bin', 'MCU-2-b.bin');
    await removeOldFirmware(directory, 0, current);
    assert.deepEqual(await left(), ['MCU-2-a.bin', 'MCU-2-b.bin']);
  });

  it('stays when it is of another module', async () => {
    await store('MCU', 'MCU-1.bin');
    const current = await store('default', 'default-1.bin');
    await removeOldFirmware(directory, 0, current);
    assert.deepEqual(await left(), ['MCU-1.bin', 'default-1.bin']);
  });

  it('stays when it has become the current one again', async () => {
    const first = await store('default', 'default-1.bin');
    await store('default', 'default-2.bin');
    await store('default', 'default-1.bin');
    await removeOldFirmware(directory, 0, first);
    assert.deepEqual(await left(), ['default-1.bin']);
  });

  it('is never what the user put there, whatever its name', async () => {
    await writeFile(join(directory, 'default-0.bin'), 'mine');
    await writeFile(join(directory, 'default-1.bin.part'), 'mine');
    await store('default', 'default-1.bin');
    const current = await store('default', 'default-2.bin');
    await removeOldFirmware(directory, 0, current);
    assert.deepEqual(await left(), ['default-0.bin', 'default-1.bin.part', 'default-2.bin']);
  });

  it('stays when nobody knows the current one', async () => {
    await store('default', 'default-1.bin');
    await store('default', 'default-2.bin');
    await removeOldFirmware(directory, 0, [join(directory, 'other.bin')]);
    assert.deepEqual(await left(), ['default-1.bin', 'default-2.bin']);
  });

  it('that cannot be removed is tried again the next time', async () => {
    const [old = ''] = await store('default', 'default-1.bin');
    const current = await store('default', 'default-2.bin');
    await rm(old);
    await mkdir(join(old, 'in the way'), { recursive: true });
    await removeOldFirmware(directory, 0, current);
    await rm(old, { recursive: true });
    await writeFile(old, 'firmware');
    await removeOldFirmware(directory, 0, current);
    assert.deepEqual(await left(), ['default-2.bin']);
  });

  it('is written down for its owner alone, and once', async () => {
    await Promise.all([store('a', 'a-1.bin'), store('b', 'b-1.bin'), store('a', 'a-1.bin')]);
    assert.equal((await stat(join(directory, RECORD))).mode & 0o777, 0o600);
    const current = await store('a', 'a-2.bin');
    await removeOldFirmware(directory, 1, current);
    assert.deepEqual(await left(), ['a-1.bin', 'a-2.bin', 'b-1.bin']);
  });

  it('stays when its name differs from that of the current one in case only', async () => {
    await store('default', 'default-1.0-rc.bin');
    const current = await store('default', 'default-1.0-RC.bin');
    await removeOldFirmware(directory, 0, current);
    assert.ok((await left()).includes('default-1.0-rc.bin'));
  });

  it('that was given up goes, and does not count', async () => {
    await store('default', 'default-1.bin');
    await store('default', 'default-2.bin');
    await removeFirmware(directory, ['default-2.bin', '../default-1.bin']);
    assert.deepEqual(await left(), ['default-1.bin']);
    const current = await store('default', 'default-3.bin');
    await removeOldFirmware(directory, 1, current);
    assert.deepEqual(await left(), ['default-1.bin', 'default-3.bin']);
  });

  it('in a directory that is not there is none', async () => {
    await removeOldFirmware(join(directory, 'missing'), 0, ['x']);
    await recordFirmware(join(directory, 'missing'), 'default', []);
    assert.deepEqual(await readdir(directory), []);
  });

  it('is not to be led outside by a record, whatever that holds', async () => {
    const inside = join(directory, 'inside');
    await mkdir(inside);
    await writeFile(join(directory, 'precious'), 'mine');
    const names = ['../precious', '..', '/etc/hostname', '.', '', '.firmware.json', 'precious'];
    const record = fc.oneof(
      fc.string(),
      fc.json(),
      fc
        .array(
          fc.record({
            module: fc.constant('default'),
            names: fc.array(fc.constantFrom(...names, 'current')),
          }),
        )
        .map((value) => JSON.stringify(value)),
    );
    await fc.assert(
      fc.asyncProperty(record, async (text) => {
        await writeFile(join(inside, RECORD), text);
        await removeOldFirmware(inside, 0, ['current']);
        assert.deepEqual((await readdir(directory)).sort(), ['inside', 'precious']);
      }),
      { numRuns: 50 },
    );
  });
});
