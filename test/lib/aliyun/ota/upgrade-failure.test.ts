/** How an upgrade fails or is cancelled: once, and told to everyone. */
import assert from 'node:assert/strict';
import type { Reason } from '../../../../lib/errors';
import { data, settled, sign, UpgradeBench } from './upgrade-bench';

describe('a firmware upgrade', () => {
  let bench: UpgradeBench;

  beforeEach(() => {
    bench = new UpgradeBench();
  });
  afterEach(() => bench.close());

  describe('fails once', () => {
    const failures: [Reason, number][] = [
      ['otaUrlRefused', -2],
      ['otaUrlExpired', -2],
      ['otaNoSpace', -2],
      ['otaDownloadFailed', -2],
      ['otaStorageFailed', -2],
      ['otaVerifyFailed', -3],
    ];
    for (const [reason, step] of failures) {
      it(`with step ${step} for ${reason}`, async () => {
        const client = bench.start();
        await bench.device.push(data);
        await bench.breakOff(reason);
        bench.assertFailed(client, step, reason);
      });
    }

    it('with step -2 when it is too large, all files together', async () => {
      const client = bench.start({ maxSize: 1500 });
      const file = { fileUrl: 'https://h/f', fileSign: sign, fileSize: 1000 };
      await bench.device.push({ version: '2', signMethod: 'SHA256', files: [file, file] });
      bench.assertFailed(client, -2, 'otaTooLarge');
      assert.equal(bench.downloads.started.length, 0);
    });

    it('with step -1 for a notice that names a version, but no digest', async () => {
      const client = bench.start();
      await bench.device.push({ ...data, sign: undefined });
      bench.assertFailed(client, -1, 'otaNoticeInvalid');
    });

    it('with step -1 when it is cancelled', async () => {
      const client = bench.start();
      await bench.device.push(data);
      const { options } = await bench.downloads.running();
      await client.cancel();
      bench.assertFailed(client, -1, 'aborted');
      assert.equal(options.signal?.aborted, true);
    });

    it('with step -1 when it is cancelled before it was started by hand', async () => {
      const client = bench.start({ download: 'manual' });
      await bench.device.push(data);
      await client.cancel();
      bench.assertFailed(client, -1, 'aborted');
    });

    it('even if a later notice of the same firmware is pushed, which is a new try', async () => {
      const client = bench.start();
      await bench.device.push(data);
      await bench.breakOff('otaDownloadFailed');
      bench.assertFailed(client, -2, 'otaDownloadFailed');
      await bench.device.push(data);
      assert.equal(client.state, 'downloading');
    });
  });

  it('either succeeds or is cancelled, never both, however close they are', async () => {
    for (let turns = 0; turns < 12; turns++) {
      const client = bench.start();
      await bench.device.push(data);
      (await bench.downloads.running()).end();
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      const verified = bench.told.firmware.length > 0;
      await client.cancel();
      await settled();
      assert.equal(bench.told.firmware.length > 0, verified, `after ${turns} turns`);
      assert.equal(client.state, 'failed');
      bench.told.firmware.length = 0;
      await client.close();
    }
  });

  it('cannot be cancelled when there is none', () =>
    assert.rejects(bench.start().cancel(), { reason: 'otaNothingPending' }));
});
