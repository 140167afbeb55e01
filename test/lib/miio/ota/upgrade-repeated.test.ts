/** Upgrades that were ordered before, by a program that ended in mid-course. */
import assert from 'node:assert/strict';
import { type UpgradeOptions, type UpgradeProgress, upgradeFirmware } from '../../../../lib/miio/ota';
import { useDirectory } from './files';
import { Puppet, silence, willing } from './puppet';

const FAST: UpgradeOptions = { pollMs: 2, quietMs: 60, restartMs: 60, timeoutMs: 5_000 };
const AGAIN: UpgradeOptions = { ...FAST, repeated: true, version: '2.0.0' };

describe('the repeated upgrade of a device', () => {
  const directory = useDirectory();
  const upgrade = async (device: Puppet, options: UpgradeOptions = AGAIN) =>
    upgradeFirmware(device, await directory.write(), options);

  it('gives no order to a device that runs the version by now', async () => {
    const device = new Puppet();
    device.runs('2.0.0');
    assert.deepEqual(await upgrade(device), { state: 'idle', version: '2.0.0' });
    assert.deepEqual(device.orders, []);
  });

  it('waits while the device installs and restarts, and finds the version', async () => {
    const device = new Puppet();
    device.says('installing', 'installing', silence(), silence(), 'idle');
    device.runs('2.0.0');
    const told: UpgradeProgress[] = [];
    const result = await upgrade(device, { ...AGAIN, onProgress: (one) => told.push(one) });
    assert.deepEqual(result, { state: 'idle', version: '2.0.0' });
    assert.deepEqual(told, [{ percent: 1, state: 'waiting' }]);
    assert.deepEqual(device.orders, []);
  });

  it('gives the order anew when the device has given the first one up', async () => {
    const device = willing();
    device.says('downloading', 'downloading', 'failed');
    device.answers['miIO.get_ota_progress'] = [[10]];
    assert.equal((await upgrade(device)).version, '2.0.0');
    assert.equal(device.orders.length, 1);
  });

  it('waits no longer than its deadline', async () => {
    const device = new Puppet();
    device.says('installing');
    await assert.rejects(upgrade(device, { ...AGAIN, timeoutMs: 100 }), {
      reason: 'upgradeUnfinished',
      message: /waiting/,
    });
  });

  it('ends when its caller gives up meanwhile', async () => {
    const device = new Puppet();
    device.says(silence());
    const giveUp = new AbortController();
    const onProgress = () => giveUp.abort();
    await assert.rejects(upgrade(device, { ...AGAIN, onProgress, signal: giveUp.signal }), {
      reason: 'aborted',
    });
  });

  it('is given where the version is not known, or the order is the first', async () => {
    for (const options of [
      { ...FAST, repeated: true },
      { ...FAST, version: '2.0.0' },
    ]) {
      const device = willing();
      device.runs('2.0.0', 1000);
      const install = device.onOrder;
      device.onOrder = async (url) => {
        await install(url);
        device.runs('2.0.0', 1);
      };
      assert.equal((await upgrade(device, options)).version, '2.0.0');
      assert.equal(device.orders.length, 1);
    }
  });
});
