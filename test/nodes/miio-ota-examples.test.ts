/** The example flows for firmware, as they are imported, with a simulated cloud and a simulated lamp. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { NodeInitializer } from 'node-red';
import aliyunDevice from '../../nodes/aliyun-device';
import aliyunOta from '../../nodes/aliyun-ota';
import miioDevice from '../../nodes/miio-device';
import miioOta from '../../nodes/miio-ota';
import { Home, lamp } from '../simulators/home';
import { LAMP, useCloud } from '../support/aliyun';
import { helper } from '../support/flow';

const EXAMPLES = path.join(__dirname, '../../examples');
const CORE = path.join(path.dirname(require.resolve('@node-red/nodes/package.json')), 'core');
const CORE_FILES = ['common/60-link', 'common/90-comment', 'function/10-switch', 'function/15-change'];
const types: NodeInitializer[] = [
  ...[...CORE_FILES, 'function/90-exec', 'storage/10-file'].map((file) => require(path.join(CORE, file))),
  aliyunDevice,
  aliyunOta,
  miioDevice,
  miioOta,
];

const content = randomBytes(50_000);

describe('the example', () => {
  const bench = useCloud();
  let directory: string;
  let home: Home;

  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'mialink-'));
    helper.settings({ userDir: directory } as never);
    home = await Home.start([lamp({ port: 0, ota: { firmwareOf: () => '1.1.0' } })]);
  });
  afterEach(async () => {
    // The nodes write there until they are closed.
    await helper.unload();
    await home.close();
    await rm(directory, { recursive: true });
  });

  /** Loads it, with what a person fills in, and pushes a firmware; resolves with how the cloud's task has ended. */
  async function push(name: string, filledIn: Record<string, Record<string, unknown>> = {}): Promise<string> {
    const file = await readFile(path.join(EXAMPLES, `${name}.json`), 'utf8');
    const [device = assert.fail()] = home.devices;
    const { productKey, deviceName, deviceSecret } = LAMP;
    const typed: Record<string, Record<string, unknown>> = {
      'aliyun-device': bench.lampNode({ productKey, deviceName }),
      'miio-device': { address: '127.0.0.1', port: device.port },
      debug: { type: 'helper' },
      ...filledIn,
    };
    const read: { id: string; type: string; scope?: string[] | null }[] = JSON.parse(file);
    // The helper bears one catch node, and one for all shows an error only.
    const flow = read
      .filter(({ type, scope }) => type !== 'catch' || scope)
      .map((node) => ({ ...node, ...typed[node.type], id: node.id }));
    const secrets = flow.map(({ id, type }) => {
      return [id, type === 'miio-device' ? { token: device.token } : { deviceSecret }] as const;
    });
    const informed = once(bench.lamp, 'version');
    await helper.load(types, flow as never, Object.fromEntries(secrets) as never);
    await informed;
    bench.lamp.pushFirmware({ version: '1.1.0', content });
    while (!['succeeded', 'failed'].includes(bench.lamp.upgrade?.state ?? '')) {
      await once(bench.cloud, 'change');
    }
    return `${bench.lamp.upgrade?.state}, version ${bench.lamp.versions.default}`;
  }

  const failures = () => bench.lamp.progress.filter(({ step }) => Number(step) < 0);

  it('firmware-pipeline puts it on the lamp', async () => {
    assert.equal(await push('firmware-pipeline'), 'succeeded, version 1.1.0');
    assert.equal(home.devices[0]?.version, '1.1.0');
  });

  it('firmware-exec has a command install the verified file', async () => {
    const installed = path.join(directory, 'installed');
    const script = path.join(directory, 'install.sh');
    await writeFile(script, `cp "$1" ${installed}\n`);
    const command = `sh ${script}`;
    assert.equal(await push('firmware-exec', { exec: { command } }), 'succeeded, version 1.1.0');
    assert.deepEqual(await readFile(installed), content);
  });

  it('firmware-exec is step -4 when the command fails', async () => {
    assert.equal(await push('firmware-exec', { exec: { command: 'false' } }), 'failed, version 1.0.0');
    assert.deepEqual(failures(), [{ module: 'default', step: '-4', desc: 'the command has failed' }]);
  });

  it('firmware-file copies the verified file, byte for byte', async () => {
    const filename = path.join(directory, 'new/place.bin');
    assert.equal(await push('firmware-file', { file: { filename } }), 'succeeded, version 1.1.0');
    assert.deepEqual(await readFile(filename), content);
  });

  it('firmware-file is step -4 when the file cannot be written', async () => {
    const filename = directory;
    assert.equal(await push('firmware-file', { file: { filename } }), 'failed, version 1.0.0');
    assert.deepEqual(failures(), [{ module: 'default', step: '-4', desc: 'the file could not be copied' }]);
  });
});
