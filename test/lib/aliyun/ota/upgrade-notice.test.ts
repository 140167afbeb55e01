/** Which notices begin an upgrade, and which of two wins. */
import assert from 'node:assert/strict';
import type { download } from '../../../../lib/aliyun/ota/download/download';
import { MialinkError } from '../../../../lib/errors';
import { data, NOWHERE, UpgradeBench } from './upgrade-bench';

describe('a firmware upgrade', () => {
  let bench: UpgradeBench;

  beforeEach(() => {
    bench = new UpgradeBench();
  });
  afterEach(() => bench.close());

  describe('ignores a notice', () => {
    it('of the version that runs', async () => {
      bench.start({ version: '2.0.0' });
      await bench.device.push(data);
      assert.deepEqual(bench.told.notices, []);
    });

    it('for another module', async () => {
      bench.start({ module: 'MCU' });
      await bench.device.push(data);
      await bench.device.push({ ...data, module: 'other' });
      await bench.device.push({ ...data, module: 'other', size: 0 });
      assert.deepEqual([bench.told.notices, bench.told.failures, bench.device.sent], [[], [], []]);
    });

    it('that comes again while it is downloaded or verified', async () => {
      bench.start();
      await bench.device.push(data);
      await bench.device.push({ ...data, url: 'https://h/fresh.bin' });
      await bench.finish();
      await bench.device.push(data);
      assert.equal(bench.downloads.started.length, 1);
      assert.deepEqual(bench.told.notices, ['2.0.0']);
    });
  });

  it('gives way to a newer one, without a failure', async () => {
    const client = bench.start();
    await bench.device.push(data);
    const older = await bench.downloads.running();
    await bench.device.push({ ...data, version: '3.0.0' });
    assert.equal(older.options.signal?.aborted, true);
    assert.equal(client.state, 'downloading');
    await bench.until(() => bench.downloads.started.length === 2);
    await bench.finish();
    assert.deepEqual(bench.told.firmware, [[`${NOWHERE}/default-3.0.0.bin`]]);
    assert.deepEqual(bench.told.failures, []);
    assert.ok(!bench.device.steps.some((step) => step.startsWith('-')));
  });

  it('gives way to another firmware of the same version', async () => {
    bench.start();
    await bench.device.push(data);
    await bench.device.push({ ...data, sign: 'b'.repeat(64) });
    await bench.until(() => bench.downloads.started.length === 2);
    assert.equal((await bench.downloads.running()).file.sign, 'b'.repeat(64));
  });

  it('starts the newer download only when the older is cleaned up', async () => {
    let finish = () => {};
    let begun = 0;
    const slowToEnd: typeof download = (_, options) => {
      begun++;
      return new Promise((_resolve, reject) => {
        finish = () => reject(new MialinkError('aborted', { device: options.label }));
      });
    };
    const client = bench.start({}, slowToEnd);
    await bench.device.push(data);
    await bench.device.push({ ...data, version: '3.0.0' });
    assert.equal(begun, 1);
    finish();
    await bench.until(() => begun === 2);
    const closed = client.close();
    finish();
    await closed;
  });

  it('only warns of a notice that names no version', async () => {
    bench.start();
    await bench.device.push({});
    assert.deepEqual(
      bench.warnings.map((problem) => problem.reason),
      ['otaNoticeInvalid'],
    );
    assert.deepEqual([bench.device.sent, bench.told.failures], [[], []]);
  });

  it('is not disturbed by a bad notice', async () => {
    const client = bench.start();
    await bench.device.push(data);
    await bench.device.push({ ...data, version: '3', size: 0 });
    assert.equal(client.state, 'downloading');
    assert.equal(bench.warnings.length, 1);
    assert.deepEqual(bench.told.failures, []);
  });
});
