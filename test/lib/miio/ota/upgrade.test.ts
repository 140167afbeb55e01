/** Upgrades that succeed, and how far they are told. */
import assert from 'node:assert/strict';
import sinon from 'sinon';
import { MialinkError } from '../../../../lib/errors';
import { type UpgradeOptions, type UpgradeProgress, upgradeFirmware } from '../../../../lib/miio/ota';
import { FirmwareFile } from '../../../../lib/miio/ota/firmware-file';
import { IMAGE, md5, useDirectory } from './files';
import { LABEL, Puppet, silence, skippingTime, willing } from './puppet';

const FAST: UpgradeOptions = { pollMs: 2, quietMs: 60, restartMs: 60, timeoutMs: 5_000 };

describe('the upgrade of a device', () => {
  const directory = useDirectory();

  it('gives the order with URL and digest, serves the file, and tells the new version', async () => {
    const device = willing();
    const result = await upgradeFirmware(device, await directory.write(), FAST);
    assert.deepEqual(result, { state: 'idle', version: '2.0.0' });
    assert.deepEqual(device.images, [IMAGE]);
    const [{ app_url, ...order } = { app_url: '' }] = device.orders;
    assert.match(app_url, /^http:\/\/127\.0\.0\.1:\d+\/[0-9a-f]{32}\/firmware\.bin$/);
    assert.deepEqual(order, { mode: 'normal', install: '1', file_md5: md5(IMAGE), proc: 'dnld install' });
    assert.equal(device.orders.length, 1);
  });

  it('is not over because the device says failed from the last time while it fetches', async () => {
    const device = willing();
    device.says('failed');
    device.onOrder = async (url) => {
      const answer = await fetch(url, { headers: { Range: 'bytes=0-0' } });
      await answer.arrayBuffer();
      device.onLook = async (looks) => {
        if (looks !== 5) return;
        await device.fetch(url);
        device.says('idle');
        device.runs('2.0.0');
      };
    };
    const options = { ...FAST, quietMs: 5_000 };
    assert.equal((await upgradeFirmware(device, await directory.write(), options)).version, '2.0.0');
  });

  it('serves at the address that the device is spoken to from, if one is set', async () => {
    const device = willing();
    device.bindAddress = '127.0.0.2';
    await upgradeFirmware(device, await directory.write(), FAST);
    assert.match(device.orders[0]?.app_url ?? '', /^http:\/\/127\.0\.0\.2:/);
    assert.deepEqual(device.images, [IMAGE]);
  });

  it('serves nothing any more when it has ended, and has closed the file', async () => {
    const device = willing();
    const close = sinon.spy(FirmwareFile.prototype, 'close');
    await upgradeFirmware(device, await directory.write(), FAST);
    close.restore();
    await assert.rejects(fetch(device.orders[0]?.app_url ?? ''));
    assert.equal(close.callCount, 1);
  });

  it('tells percent and state as they change, the percent never falling', async () => {
    const device = willing();
    device.onOrder = async (url) => {
      await device.fetch(url);
      device.says('downloading', 'downloading', 'dowloaded', 'installing', 'idle');
      device.answers['miIO.get_ota_progress'] = [[40], [40], [80], [5]];
      device.runs('2.0.0');
    };
    const told: UpgradeProgress[] = [];
    await upgradeFirmware(device, await directory.write(), { ...FAST, onProgress: (one) => told.push(one) });
    assert.deepEqual(told, [
      { percent: 1, state: 'ordered' },
      { percent: 40, state: 'downloading' },
      { percent: 80, state: 'downloaded' },
      { percent: 80, state: 'installing' },
      { percent: 99, state: 'idle' },
    ]);
  });

  it('tells how much of the file was fetched where the device does not tell it', async () => {
    const device = willing();
    device.onOrder = async (url) => {
      await fetch(url, { headers: { Range: 'bytes=0-49999' } }).then((answer) => answer.arrayBuffer());
      device.says('downloading', 'idle');
      device.answers['miIO.get_ota_progress'] = [[]];
      device.runs('2.0.0');
    };
    const told: UpgradeProgress[] = [];
    await upgradeFirmware(device, await directory.write(), { ...FAST, onProgress: (one) => told.push(one) });
    assert.deepEqual(told[1], { percent: 25, state: 'downloading' });
  });

  it('begins though the device is silent at first, for a moment', async () => {
    const device = willing();
    device.says(silence(), 'idle', 'idle');
    device.answers['miIO.info'] = [silence(), { fw_ver: '1.0.0', life: 1000 }];
    assert.equal((await upgradeFirmware(device, await directory.write(), FAST)).version, '2.0.0');
  });

  it('waits for a device that is silent while it installs and restarts', async () => {
    const device = willing();
    device.onOrder = async (url) => {
      await device.fetch(url);
      device.says('installing', ...Array.from({ length: 30 }, silence), 'idle');
      device.runs('2.0.0');
    };
    const told: string[] = [];
    const onProgress = ({ state }: UpgradeProgress) => told.push(state);
    const result = await upgradeFirmware(device, await directory.write(), { ...FAST, onProgress });
    assert.equal(result.version, '2.0.0');
    assert.deepEqual(told, ['ordered', 'installing', 'restarting', 'idle']);
  });

  it('waits through states that nobody knows, and answers that are none', async () => {
    const device = willing();
    device.onOrder = async (url) => {
      await device.fetch(url);
      device.says('unpacking', 'dowloaded', [], null, [7], 'idle');
      device.runs('2.0.0');
    };
    assert.equal((await upgradeFirmware(device, await directory.write(), FAST)).version, '2.0.0');
  });

  it('takes the same version for installed when the device has restarted', async () => {
    const device = willing();
    device.onOrder = async (url) => {
      await device.fetch(url);
      device.runs('1.0.0', 3);
    };
    const result = await upgradeFirmware(device, await directory.write(), FAST);
    assert.deepEqual(result, { state: 'idle', version: '1.0.0' });
  });

  it('sees the restart of a device that was switched on just before, and is back for longer by now', async () => {
    const device = willing();
    const skip = skippingTime();
    device.runs('1.0.0', 20);
    device.onOrder = async (url) => {
      await device.fetch(url);
      skip(70_000);
      // Its version it tells a little later.
      device.answers['miIO.info'] = [{ life: 35 }, { life: 36 }, { fw_ver: '1.0.0', life: 36 }];
    };
    const result = await upgradeFirmware(device, await directory.write(), FAST);
    assert.deepEqual(result, { state: 'idle', version: '1.0.0' });
  });

  it('is not over with a restart that brings the old version, when another is meant', async () => {
    const device = willing();
    device.onOrder = async (url) => {
      await device.fetch(url);
      device.answers['miIO.info'] = [
        ...Array.from({ length: 5 }, () => ({ fw_ver: '1.0.0', life: 3 })),
        { fw_ver: '2.0.0', life: 1 },
      ];
    };
    const options = { ...FAST, quietMs: 5_000, version: '2.0.0' };
    assert.equal((await upgradeFirmware(device, await directory.write(), options)).version, '2.0.0');
  });

  it('gives a device that is installed time for its restart, beyond the quiet', async () => {
    const device = willing();
    device.onOrder = async (url) => {
      await device.fetch(url);
      device.says('installed');
      setTimeout(() => device.runs('2.0.0'), 150);
    };
    const options = { ...FAST, quietMs: 20, restartMs: 5_000 };
    const result = await upgradeFirmware(device, await directory.write(), options);
    assert.deepEqual(result, { state: 'installed', version: '2.0.0' });
  });

  it('knows success from a new firmware that no longer tells of updates', async () => {
    const device = willing();
    device.onOrder = async (url) => {
      await device.fetch(url);
      device.says(
        'installing',
        new MialinkError('deviceRefused', { device: LABEL, method: 'any', answer: '' }),
      );
      device.runs('2.0.0');
    };
    const result = await upgradeFirmware(device, await directory.write(), FAST);
    assert.deepEqual(result, { state: 'unknown', version: '2.0.0' });
  });

  it('ends without a version where the device tells none, when nothing more happens', async () => {
    const device = willing();
    device.answers['miIO.info'] = [{}];
    device.onOrder = (url) => device.fetch(url);
    const result = await upgradeFirmware(device, await directory.write(), FAST);
    assert.deepEqual(result, { state: 'idle', version: undefined });
  });

  it('believes no device that is idle but does not tell what it runs', async () => {
    const device = willing();
    device.onOrder = async (url) => {
      await device.fetch(url);
      device.answers['miIO.info'] = [...Array.from({ length: 20 }, silence), { fw_ver: '2.0.0' }];
    };
    assert.equal((await upgradeFirmware(device, await directory.write(), FAST)).version, '2.0.0');
  });

  it('serves the file under another address, where that of this machine is of no use', async () => {
    const device = willing();
    device.address = '255.255.255.255';
    const path = await directory.write();
    await assert.rejects(upgradeFirmware(device, path, FAST), { reason: 'unreachable' });
    await upgradeFirmware(device, path, { ...FAST, address: 'localhost' });
    assert.match(device.orders[0]?.app_url ?? '', /^http:\/\/localhost:\d+\//);
  });

  it('does not give an order twice that was carried out but not answered', async () => {
    const device = willing();
    device.answers['miIO.ota'] = [silence()];
    assert.equal((await upgradeFirmware(device, await directory.write(), FAST)).version, '2.0.0');
    assert.equal(device.orders.length, 1);
  });

  it('does not give an order twice that was answered with nonsense', async () => {
    const device = willing();
    const install = device.onOrder;
    device.answers['miIO.ota'] = [
      new MialinkError('answerUnreadable', { device: LABEL, method: 'miIO.ota' }),
    ];
    device.onOrder = () => {};
    device.onLook = (looks) => {
      if (looks === 3) void install(device.orders[0]?.app_url ?? '');
    };
    const options = { ...FAST, quietMs: 5_000 };
    assert.equal((await upgradeFirmware(device, await directory.write(), options)).version, '2.0.0');
    assert.equal(device.orders.length, 1);
  });

  it('does not give an order again to a device that is at work, though it has not come yet', async () => {
    const device = willing();
    const install = device.onOrder;
    device.answers['miIO.ota'] = [silence()];
    device.onOrder = () => device.says('downloading');
    device.onLook = (looks) => {
      if (looks === 3) void install(device.orders[0]?.app_url ?? '');
    };
    const options = { ...FAST, quietMs: 5_000 };
    assert.equal((await upgradeFirmware(device, await directory.write(), options)).version, '2.0.0');
    assert.equal(device.orders.length, 1);
  });

  it('gives an order again that surely was lost', async () => {
    const device = willing();
    const install = device.onOrder;
    device.answers['miIO.ota'] = [silence(), ['ok']];
    device.onOrder = (url) => (device.orders.length === 2 ? install(url) : undefined);
    assert.equal((await upgradeFirmware(device, await directory.write(), FAST)).version, '2.0.0');
    assert.equal(device.orders.length, 2);
  });

  it('is not disturbed by a listener that throws', async () => {
    const onProgress = () => {
      throw new Error('listener');
    };
    const result = await upgradeFirmware(willing(), await directory.write(), { ...FAST, onProgress });
    assert.equal(result.version, '2.0.0');
  });

  it('runs for several devices at once', async () => {
    const path = await directory.write();
    const all = [willing(), willing(), new Puppet()].map((device) => upgradeFirmware(device, path, FAST));
    const outcomes = await Promise.allSettled(all);
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['fulfilled', 'fulfilled', 'rejected'],
    );
  });
});
