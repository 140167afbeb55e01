/**
 * A firmware from the cloud to a lamp and back, drawn with wires alone: aliyun-ota, miio-ota, and both outputs of it
 * back to aliyun-ota.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Home, lamp, type SimulatedDevice, type SimulatedDeviceOptions } from '../simulators/home';
import { collect, LAMP, sinks, useCloud } from '../support/aliyun';
import { helper, load, nextError, type Received } from '../support/flow';

const content = randomBytes(300_000);

describe('the pipeline of a firmware', () => {
  const bench = useCloud();
  let userDir: string;
  let home: Home;
  let device: SimulatedDevice;
  let errors: Received[];
  let images: Buffer[];

  beforeEach(async () => {
    images = [];
    userDir = await mkdtemp(join(tmpdir(), 'mialink-'));
    helper.settings({ userDir } as never);
  });
  afterEach(async () => {
    // The nodes write there until they are closed.
    await helper.unload();
    await home.close();
    await rm(userDir, { recursive: true });
  });

  const ota = {
    restartMs: 300,
    firmwareOf: (image: Buffer) => {
      images.push(image);
      return '2.0.0';
    },
  };

  /** Resolves when the cloud knows the version. */
  async function plugIn(more: Partial<SimulatedDeviceOptions> = {}): Promise<void> {
    home = await Home.start([lamp({ port: 0, ota, ...more })]);
    device = home.devices[0] ?? assert.fail('no device');
    await deploy();
  }

  async function deploy(): Promise<void> {
    const { port, token } = device;
    const flow = [
      bench.lampNode({ id: 'cloud' }),
      { id: 'desk', type: 'miio-device', name: 'desk lamp', address: '127.0.0.1', port },
      { id: 'ota', type: 'aliyun-ota', device: 'cloud', version: '1.0.0', wires: [['flash'], []] },
      {
        id: 'flash',
        type: 'miio-ota',
        device: 'desk',
        wires: [
          ['ota', 'out'],
          ['ota', 'out2'],
        ],
      },
      ...sinks('flash'),
    ];
    const informed = once(bench.lamp, 'version');
    const { deviceSecret } = LAMP;
    await load(flow, { cloud: { deviceSecret }, desk: { token } });
    errors = collect('errors');
    await informed;
  }

  const push = () => bench.lamp.pushFirmware({ version: '2.0.0', content });
  const steps = () => bench.lamp.progress.map(({ step }) => step);
  const failures = () => steps().filter((step) => Number(step) < 0);

  async function ended(state: 'succeeded' | 'failed'): Promise<void> {
    while (bench.lamp.upgrade?.state !== state) await once(bench.cloud, 'change');
  }

  it('ends with the version that the lamp tells after its restart, and only so the cloud knows success', async () => {
    await plugIn();
    push();
    await ended('succeeded');
    assert.deepEqual(images, [content]);
    assert.equal(bench.lamp.versions.default, '2.0.0');
    assert.deepEqual(failures(), []);
    assert.ok(bench.lamp.progress.some(({ desc }) => desc === 'runs 2.0.0'));
    assert.deepEqual(errors, []);
  });

  it('ends with one -4 when the lamp fails, and one error that says why', async () => {
    await plugIn();
    device.faults.ota = 'failsToInstall';
    const caught = nextError('errors');
    push();
    await ended('failed');
    const { code, message } = await caught;
    assert.equal(code, 'DEVICE');
    assert.match(message, /desk lamp.*update failed/);
    assert.deepEqual(failures(), ['-4']);
    assert.equal(bench.lamp.versions.default, '1.0.0');
    assert.equal(errors.length, 1);
  });

  it('flashes nothing that does not match its digest', async () => {
    await plugIn();
    bench.lamp.pushFirmware({ version: '2.0.0', content, corrupt: { sign: '0'.repeat(64) } });
    await ended('failed');
    assert.deepEqual(failures(), ['-3']);
    assert.ok(!device.received.some(({ method }) => method === 'miIO.ota'));
  });

  it('informs nothing when the lamp tells no version, and says how a person can', async () => {
    let life = 1000;
    await plugIn({ methods: { 'miIO.info': () => ({ life, model: 'yeelink.light.lamp1' }) } });
    device.on('started', () => {
      life = 1;
    });
    const caught = nextError('errors');
    push();
    const { message } = await caught;
    assert.match(message, /version is missing; send it/);
    assert.equal(bench.lamp.versions.default, '1.0.0');
    assert.notEqual(bench.lamp.upgrade?.state, 'succeeded');
    assert.deepEqual(failures(), []);
  });

  for (const [what, fault] of [
    ['has been installed', null],
    ['has failed', 'failsToInstall'],
  ] as const) {
    it(`installs a newer firmware that is pushed in mid-flash when the one before ${what}`, async () => {
      const newer = randomBytes(200_000);
      const versions: string[] = [];
      const firmwareOf = (image: Buffer) => {
        const version = image.length === newer.length ? '3.0.0' : '2.0.0';
        versions.push(version);
        return version;
      };
      await plugIn({ ota: { ...ota, stepMs: 300, firmwareOf } });
      device.faults.ota = fault;
      const failed = fault ? nextError('errors') : undefined;
      push();
      while (!device.executed.some(({ method }) => method === 'miIO.ota')) await once(device, 'ota');
      bench.lamp.pushFirmware({ version: '3.0.0', content: newer });
      await failed;
      device.faults.ota = null;
      await ended('succeeded');
      assert.equal(versions.at(-1), '3.0.0');
      assert.equal(bench.lamp.versions.default, '3.0.0');
      assert.deepEqual(failures(), []);
    });
  }

  it('goes on after a deploy in mid-flash, and the lamp installs it once', async () => {
    await plugIn({ ota: { ...ota, stepMs: 400 } });
    push();
    while (!images.length) await once(device, 'ota');
    await helper.unload();
    await deploy();
    await ended('succeeded');
    assert.deepEqual(images, [content]);
    assert.deepEqual(failures(), []);
  });
});
