import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { collect, LAMP, lights, sinks, useCloud } from '../support/aliyun';
import { helper, nextError, nextMessage, node, type Received, statusText } from '../support/flow';

const UPGRADE = `/ota/device/upgrade/${LAMP.productKey}/${LAMP.deviceName}`;

describe('aliyun-ota', () => {
  const bench = useCloud();
  const content = randomBytes(300_000);
  let userDir: string;
  /** Every message that came out, by output. */
  let firmware: Received[];
  let progress: Received[];
  let failures: Received[];

  beforeEach(async () => {
    userDir = await mkdtemp(join(tmpdir(), 'mialink-'));
    helper.settings({ userDir } as never);
  });
  afterEach(async () => {
    // The node writes there until it is closed.
    await helper.unload();
    await rm(userDir, { recursive: true });
  });

  /** Resolves when the node has informed its version, if it has one, so that the cloud can push. */
  async function start(fields: Record<string, unknown> = {}): Promise<void> {
    const ota = { id: 'ota', type: 'aliyun-ota', device: 'lamp', version: '1.0.0', ...fields };
    const informed = ota.version === '' ? undefined : once(bench.lamp, 'version');
    await bench.load([{ ...ota, wires: [['out'], ['out2']] }, ...sinks('ota')]);
    firmware = collect('out');
    progress = collect('out2');
    failures = collect('errors');
    await (informed ?? statusText('ota', 'aliyun-ota.status.connected'));
  }
  function operate(operation: string, payload?: unknown): Promise<Received> {
    const completed = nextMessage('completed');
    node('ota').receive({ operation, payload } as never);
    return completed;
  }
  function errorFor(operation: unknown, payload?: unknown) {
    const caught = nextError('errors');
    node('ota').receive({ operation, payload } as never);
    return caught;
  }
  const steps = () => progress.map(({ payload }) => (payload as { step: number }).step);
  const isFailure = (step: number | string) => Number(step) < 0;
  const reported = () => bench.lamp.progress.map(({ step }) => step);
  const ownDirectory = () => join(userDir, 'aliyun-ota', LAMP.productKey, LAMP.deviceName);
  const files = (): Promise<string[]> => readdir(ownDirectory()).catch(() => []);
  /** The cloud has got this step. */
  async function untilReported(step: string): Promise<void> {
    while (!reported().includes(step)) await once(bench.lamp, 'progress');
  }

  /** Bytes of the firmware are coming in. */
  async function untilPart(): Promise<void> {
    while (!(await files()).includes('default-2.0.0.bin.part')) await new Promise(setImmediate);
  }

  describe('takes a firmware', () => {
    it('and gives its path when it is verified, with all that is known of it', async () => {
      await start();
      const out = nextMessage('out');
      bench.lamp.pushFirmware({ version: '2.0.0', content });
      const { payload, aliyun } = await out;
      assert.ok((await readFile(String(payload))).equals(content));
      assert.equal(payload, join(ownDirectory(), 'default-2.0.0.bin'));
      const sign = createHash('sha256').update(content).digest('hex');
      const file = { size: content.length, signMethod: 'sha256', sign };
      const notice = { version: '2.0.0', module: 'default', isDiff: false, extData: undefined };
      assert.deepEqual(aliyun, { ...notice, ...file });
      assert.deepEqual(lights('ota').slice(-2), [
        'blue dot aliyun-ota.status.downloading',
        'green dot aliyun-ota.status.verified',
      ]);
      assert.deepEqual(await files(), ['default-2.0.0.bin']);
    });

    it('and tells its progress, the first and the last step, to the flow and the cloud', async () => {
      await start();
      bench.lamp.pushFirmware({ version: '2.0.0', content });
      await untilReported('100');
      const size = content.length;
      assert.deepEqual(progress[0]?.payload, { step: 1, desc: 'downloading', received: 0, size });
      assert.deepEqual(progress.at(-1)?.payload, { step: 100, desc: 'verified', received: size, size });
      assert.deepEqual([reported()[0], reported().at(-1)], ['1', '100']);
      assert.equal(bench.lamp.upgrade?.state, 'upgrading');
      await operate('version', '2.0.0');
      assert.equal(bench.lamp.upgrade?.state, 'succeeded');
      assert.equal(firmware.length, 1);
    });

    it('of several files, and gives an array', async () => {
      await start();
      const parts = [randomBytes(2_000), randomBytes(3_000)];
      const out = nextMessage('out');
      bench.lamp.pushFirmware({ version: '2.0.0', content, files: parts });
      const { payload, aliyun } = await out;
      assert.ok(Array.isArray(payload));
      const stored = await Promise.all(payload.map((path: string) => readFile(path)));
      assert.deepEqual(stored, parts);
      assert.equal((aliyun as { size: number }).size, 5_000);
    });

    it('for its module, into its directory, and passes on isDiff and extData', async () => {
      const directory = join(userDir, 'mine');
      await start({ module: 'MCU', directory });
      assert.deepEqual(bench.lamp.versions, { MCU: '1.0.0' });
      const out = nextMessage('out');
      const sign = createHash('md5').update(content).digest('hex');
      const url = bench.cloud.firmware.serve('f.zip', content);
      const file = { size: content.length, url, signMethod: 'Md5', sign };
      const data = { version: '2', module: 'MCU', isDiff: 1, extData: { note: 'x' }, ...file };
      bench.lamp.publish(UPGRADE, JSON.stringify({ code: '1000', id: 1, data }));
      const { payload, aliyun } = await out;
      assert.equal(payload, join(directory, 'MCU-2.zip'));
      const known = { version: '2', module: 'MCU', size: content.length, signMethod: 'md5', sign };
      assert.deepEqual(aliyun, { ...known, isDiff: true, extData: { note: 'x' } });
    });
  });

  describe('fails once: one negative step, one error, no file', () => {
    for (const [what, corrupt, fields, step, code, text] of [
      ['when the digest is wrong', { sign: 'b'.repeat(64) }, {}, -3, 'CODEC', /does not match its notice/],
      ['when it is too large', {}, { maxSize: '1000' }, -2, 'CONFIG', /300000 bytes.*1000 allowed/],
      [
        'when its address is no https',
        { url: 'http://h/f.bin?auth_key=1-2-0-3' },
        {},
        -2,
        'CONFIG',
        /address was refused/,
      ],
      ['when its notice has no digest', { sign: '' }, {}, -1, 'CODEC', /notice was not accepted.*digest/],
    ] as const) {
      it(what, async () => {
        await start(fields);
        const caught = nextError('errors');
        bench.lamp.pushFirmware({ version: '2.0.0', content, corrupt });
        const error = await caught;
        assert.equal(error.code, code);
        assert.match(error.message, text);
        assert.match(error.message, /lamp-1/);
        assert.equal((error.at.error as { source: { id: string } }).source.id, 'ota');
        assert.deepEqual(error.at.aliyun, { module: 'default' });
        await untilReported(String(step));

        assert.deepEqual(steps().filter(isFailure), [step]);
        assert.deepEqual(reported().filter(isFailure), [String(step)]);
        assert.equal(steps().at(-1), step);
        assert.equal(bench.lamp.upgrade?.state, 'failed');
        assert.deepEqual([failures.length, firmware.length], [1, 0]);
        assert.deepEqual(await files(), []);
        assert.equal(lights('ota').at(-1), 'red dot aliyun-ota.status.failed');
      });
    }
  });

  describe('with manual download', () => {
    it('waits for the operation download', async () => {
      await start({ download: 'manual' });
      bench.lamp.pushFirmware({ version: '2.0.0', content });
      await statusText('ota', 'aliyun-ota.status.waiting');
      assert.deepEqual(bench.cloud.firmware.requests, []);
      const out = nextMessage('out');
      await operate('download');
      assert.equal((await out).payload, join(ownDirectory(), 'default-2.0.0.bin'));
    });

    it('still shows that it waits when the connection has come back', async () => {
      await start({ download: 'manual' });
      bench.lamp.pushFirmware({ version: '2.0.0', content });
      await statusText('ota', 'aliyun-ota.status.waiting');
      const again = once(bench.lamp, 'version');
      bench.lamp.cut();
      await again;
      assert.equal(lights('ota').at(-1), 'yellow ring aliyun-ota.status.waiting');
    });

    for (const [what, operation, payload] of [
      ['a failure that the flow reports', 'progress', { step: -4, desc: 'flashing failed' }],
      ['its version, informed by the flow', 'version', '2.0.0'],
    ] as const) {
      it(`shows the connection again after ${what}`, async () => {
        await start({ download: 'manual' });
        bench.lamp.pushFirmware({ version: '2.0.0', content });
        await statusText('ota', 'aliyun-ota.status.waiting');
        await operate(operation, payload);
        assert.equal(lights('ota').at(-1), 'green dot aliyun-ota.status.connected');
      });
    }

    it('gives it up by the operation cancel', async () => {
      await start({ download: 'manual' });
      bench.lamp.pushFirmware({ version: '2.0.0', content });
      await statusText('ota', 'aliyun-ota.status.waiting');
      const caught = nextError('errors');
      await operate('cancel');
      await untilReported('-1');
      assert.equal((await caught).code, 'CANCELLED');
      assert.deepEqual([steps(), failures.length], [[-1], 1]);
      assert.equal(lights('ota').at(-1), 'grey ring aliyun-ota.status.cancelled');
    });

    it('says when nothing is there to be downloaded or cancelled', async () => {
      await start({ download: 'manual' });
      for (const operation of ['download', 'cancel']) {
        const { code, message } = await errorFor(operation);
        assert.equal(code, 'CONFIG');
        assert.match(message, new RegExp(`lamp-1 .*no firmware is waiting for ${operation}`));
      }
    });
  });

  describe('by message', () => {
    it('informs a version at once, sends nothing, and remembers it across restarts', async () => {
      await start();
      const informed = once(bench.lamp, 'version');
      await operate('version', '1.5.0');
      await informed;
      assert.deepEqual(bench.lamp.versions, { default: '1.5.0' });
      assert.deepEqual([firmware, progress], [[], []]);

      await helper.unload();
      await start();
      assert.deepEqual(bench.lamp.versions, { default: '1.5.0' });
      assert.equal(bench.lamp.connects, 2);
    });

    it('asks for a firmware', async () => {
      await start();
      const asked = once(bench.lamp, 'raw');
      await operate('request');
      const [topic, body] = await asked;
      assert.equal(topic, `/ota/device/request/${LAMP.productKey}/${LAMP.deviceName}`);
      assert.deepEqual(JSON.parse(String(body)).params, { version: '1.0.0' });
    });

    it('reports a progress of its own, with or without a description', async () => {
      await start();
      await operate('progress', { step: 40, desc: 'flashing' });
      await operate('progress', '-4');
      await untilReported('-4');
      assert.deepEqual(bench.lamp.progress, [
        { module: 'default', step: '40', desc: 'flashing' },
        { module: 'default', step: '-4', desc: '' },
      ]);
    });

    it('fails with CONFIG for what is wrong, and says what is right', async () => {
      await start({ version: '' });
      for (const [operation, payload, text] of [
        ['upgrade', 1, /msg\.operation upgrade is unknown.*version, request, progress, download, cancel/],
        [undefined, 1, /msg\.operation is missing; use one of version, request/],
        ['constructor', 1, /msg\.operation constructor is unknown/],
        ['version', ' ', /version is missing.*msg\.payload/],
        ['request', undefined, /version is missing/],
        ['progress', { step: 101 }, /step must be a number from -4 to 100, not 101/],
        ['progress', { step: 'half' }, /step must be a number from -4 to 100/],
        ['progress', {}, /step must be a number from -4 to 100/],
      ] as const) {
        const { code, message } = await errorFor(operation, payload);
        assert.equal(code, 'CONFIG');
        assert.match(message, /lamp-1/);
        assert.match(message, text);
      }
      assert.deepEqual(bench.lamp.versions, {});
    });

    it('cancels a download under way, and leaves no file', async () => {
      bench.cloud.firmware.bytesPerSecond = 100_000;
      await start();
      bench.lamp.pushFirmware({ version: '2.0.0', content });
      await untilPart();
      await operate('cancel');
      await untilReported('-1');
      assert.deepEqual(await files(), []);
      assert.deepEqual([steps(), firmware.length, failures.length], [[1, -1], 0, 1]);
    });
  });

  it('leaves neither file nor failure behind when the flow is stopped in mid-download', async () => {
    bench.cloud.firmware.bytesPerSecond = 100_000;
    await start();
    bench.lamp.pushFirmware({ version: '2.0.0', content });
    await untilReported('1');
    await untilPart();
    await helper.unload();
    assert.deepEqual(await files(), []);
    assert.deepEqual([reported(), firmware.length, failures.length], [['1'], 0, 0]);
    assert.equal(bench.lamp.upgrade?.state, 'upgrading');

    // The cloud's task is still open: the next start takes the firmware.
    bench.cloud.firmware.bytesPerSecond = null;
    await start();
    await untilReported('100');
    assert.deepEqual(await files(), ['default-2.0.0.bin']);
  });

  for (const [what, fields, secret, text] of [
    ['a limit that is no number', { maxSize: 'much' }, undefined, /maxSize must be .* above 0, not much/],
    ['a limit of nothing', { maxSize: 0 }, undefined, /maxSize must be a number of bytes above 0, not 0/],
    ['a device without secret', {}, '', /lamp-1 .*deviceSecret is missing/],
  ] as const) {
    it(`fails with CONFIG at each message, and shows it, with ${what}`, async () => {
      const ota = { id: 'ota', type: 'aliyun-ota', device: 'lamp', ...fields };
      await bench.load([ota, ...sinks('ota')], secret);
      for (let time = 0; time < 2; time++) {
        const { code, message } = await errorFor('version', '1.0.0');
        assert.equal(code, 'CONFIG');
        assert.match(message, text);
      }
      assert.deepEqual(lights('ota'), ['red ring aliyun-ota.status.misconfigured']);
    });
  }
});
