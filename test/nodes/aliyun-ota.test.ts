/** A firmware that the cloud pushes: taken, failed, or left when the flow is stopped. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LAMP, lights, useCloud } from '../support/aliyun';
import { helper, nextError, nextMessage } from '../support/flow';
import { content, isFailure, operate, useOtaFlow } from './aliyun-ota-flow';

const UPGRADE = `/ota/device/upgrade/${LAMP.productKey}/${LAMP.deviceName}`;

describe('aliyun-ota', () => {
  const bench = useCloud();
  const flow = useOtaFlow(bench);
  const { start, steps, reported, ownDirectory, files, untilReported, untilPart } = flow;

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
      assert.deepEqual(lights('ota').slice(-3), [
        'blue dot aliyun-ota.status.downloading',
        'blue dot aliyun-ota.status.verifying',
        'green dot aliyun-ota.status.verified',
      ]);
      assert.deepEqual(await files(), ['default-2.0.0.bin']);
    });

    it('and tells its progress, the first and the last step, to the flow and the cloud', async () => {
      await start();
      bench.lamp.pushFirmware({ version: '2.0.0', content });
      await untilReported('100');
      const size = content.length;
      assert.deepEqual(flow.progress[0]?.payload, { step: 1, desc: 'downloading', received: 0, size });
      assert.deepEqual(flow.progress.at(-1)?.payload, { step: 100, desc: 'verified', received: size, size });
      assert.deepEqual([reported()[0], reported().at(-1)], ['1', '100']);
      assert.equal(bench.lamp.upgrade?.state, 'upgrading');
      await operate('version', '2.0.0');
      assert.equal(bench.lamp.upgrade?.state, 'succeeded');
      assert.equal(flow.firmware.length, 1);
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

    it('for its module, into a folder of the device in its directory, and passes on isDiff and extData', async () => {
      const directory = join(flow.userDir, 'mine');
      await start({ module: 'MCU', directory });
      assert.deepEqual(bench.lamp.versions, { MCU: '1.0.0' });
      const out = nextMessage('out');
      const sign = createHash('md5').update(content).digest('hex');
      const url = bench.cloud.firmware.serve('f.zip', content);
      const file = { size: content.length, url, signMethod: 'Md5', sign };
      const data = { version: '2', module: 'MCU', isDiff: 1, extData: { note: 'x' }, ...file };
      bench.lamp.publish(UPGRADE, JSON.stringify({ code: '1000', id: 1, data }));
      const { payload, aliyun } = await out;
      assert.equal(payload, join(directory, LAMP.productKey, LAMP.deviceName, 'MCU-2.zip'));
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
        assert.deepEqual([flow.failures.length, flow.firmware.length], [1, 0]);
        assert.deepEqual(await files(), []);
        assert.equal(lights('ota').at(-1), 'red dot aliyun-ota.status.failed');
      });
    }
  });

  it('goes on with a download after the flow was stopped in the middle of it', async () => {
    bench.cloud.firmware.bytesPerSecond = 100_000;
    await start();
    bench.lamp.pushFirmware({ version: '2.0.0', content });
    await untilReported('1');
    await untilPart();
    await helper.unload();
    assert.deepEqual(await files(), ['default-2.0.0.bin.part']);
    assert.deepEqual([reported(), flow.firmware.length, flow.failures.length], [['1'], 0, 0]);
    assert.equal(bench.lamp.upgrade?.state, 'upgrading');

    bench.cloud.firmware.bytesPerSecond = null;
    await start();
    await untilReported('100');
    assert.deepEqual(await files(), ['default-2.0.0.bin']);
    assert.ok((await readFile(join(ownDirectory(), 'default-2.0.0.bin'))).equals(content));
  });
});
