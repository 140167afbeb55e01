/** Upgrades that fail: each with one error that says why, and nothing left open. */
import assert from 'node:assert/strict';
import { truncate } from 'node:fs/promises';
import { inspect } from 'node:util';
import { MialinkError } from '../../../../lib/errors';
import { type UpgradeOptions, upgradeFirmware } from '../../../../lib/miio/ota';
import { useDirectory } from './files';
import { LABEL, Puppet, silence, skippingTime, willing } from './puppet';

const FAST: UpgradeOptions = { pollMs: 2, quietMs: 60, restartMs: 60, timeoutMs: 5_000 };
const refused = (code: number, message: string) =>
  new MialinkError(
    'deviceRefused',
    { device: LABEL, method: 'miIO.ota', answer: `${code} ${message}` },
    { peer: { code, message } },
  );

describe('the upgrade of a device', () => {
  const directory = useDirectory();
  const upgrade = async (device: Puppet, options: UpgradeOptions = {}) =>
    upgradeFirmware(device, await directory.write(), { ...FAST, ...options });

  for (const state of ['downloading', 'downloaded', 'dowloaded', 'installing', 'busy', 'unpacking']) {
    it(`gives no order to a device that is ${state}`, async () => {
      const device = new Puppet();
      device.says(state);
      device.answers['miIO.get_ota_progress'] = [[50]];
      await assert.rejects(upgrade(device), {
        reason: 'upgradeBusy',
        code: 'DEVICE',
        message: /desk lamp.*busy/,
      });
      assert.deepEqual(device.orders, []);
    });
  }

  it('gives the order in a state that nobody knows when no update is running', async () => {
    const device = willing();
    device.says('none');
    assert.equal((await upgrade(device)).version, '2.0.0');
  });

  it('tells the refusal of the order, also one that looks like a success', async () => {
    for (const answer of [[-1], refused(-33003, 'connect')]) {
      const device = new Puppet();
      device.answers['miIO.ota'] = [answer];
      const code = answer instanceof Error ? -33003 : '-1';
      await assert.rejects(upgrade(device), (error: MialinkError) => {
        assert.deepEqual([error.reason, error.code, error.peer?.code], ['upgradeRefused', 'DEVICE', code]);
        assert.match(error.message, new RegExp(`refused the update: ${code}`));
        return true;
      });
    }
  });

  it('tells where the file was to be fetched when nobody came, but not its secret path', async () => {
    const device = new Puppet();
    await assert.rejects(upgrade(device), (error: MialinkError) => {
      assert.deepEqual([error.reason, error.code], ['upgradeNotFetched', 'TRANSPORT']);
      const { host, pathname } = new URL(device.orders[0]?.app_url ?? '');
      assert.ok(error.message.includes(host));
      assert.match(error.message, /firewall.*Docker.*http/);
      assert.ok(!error.message.includes(pathname.slice(1, 33)));
      return true;
    });
  });

  it('does not wait long for a device that fails without having come', async () => {
    const device = new Puppet();
    device.onOrder = () => device.says('failed');
    await assert.rejects(upgrade(device, { quietMs: 60_000 }), { reason: 'upgradeNotFetched' });
  });

  it('takes an old failure for no answer to this order', async () => {
    const device = willing();
    const install = device.onOrder;
    device.says('failed');
    device.onOrder = () => {};
    device.onLook = (looks) => {
      if (looks !== 4) return;
      device.says('downloading');
      void install(device.orders[0]?.app_url ?? '');
    };
    assert.equal((await upgrade(device, { quietMs: 5_000 })).version, '2.0.0');
  });

  it('tells that the device says it failed', async () => {
    const device = new Puppet();
    device.onOrder = async (url) => {
      await device.fetch(url);
      device.says('downloading', 'failed');
    };
    await assert.rejects(upgrade(device), { reason: 'upgradeFailed', code: 'DEVICE' });
  });

  it('knows an image that was fetched three times for rejected, without waiting', async () => {
    const device = new Puppet();
    device.onOrder = async (url) => {
      for (let time = 0; time < 3; time++) await device.fetch(url);
    };
    await assert.rejects(upgrade(device, { quietMs: 60_000 }), {
      reason: 'upgradeRejected',
      code: 'DEVICE',
      message: /did not install/,
    });
  });

  it('tells what runs when that is neither what ran before nor what was meant', async () => {
    const device = willing();
    await assert.rejects(upgrade(device, { version: '3.0.0' }), {
      reason: 'upgradeOtherVersion',
      code: 'DEVICE',
      message: /desk lamp.*runs 2\.0\.0 after the update, not 3\.0\.0/,
    });
  });

  it('takes another version for no success when nobody came for the file', async () => {
    const device = new Puppet();
    device.onOrder = () => device.runs('0.9.0-recovery');
    await assert.rejects(upgrade(device), { reason: 'upgradeNotFetched' });
  });

  it('knows an image for rejected when the device is idle again with what it ran before', async () => {
    const device = new Puppet();
    device.onOrder = (url) => device.fetch(url);
    await assert.rejects(upgrade(device), { reason: 'upgradeRejected' });
  });

  it('knows a device for failed that restarts with what it ran before, when another version was meant', async () => {
    const device = new Puppet();
    device.onOrder = async (url) => {
      await device.fetch(url);
      device.runs('1.0.0', 3);
    };
    await assert.rejects(upgrade(device, { version: '2.0.0' }), { reason: 'upgradeRejected' });
  });

  it('ends at its deadline, with the last state, and serves nothing any more', async () => {
    const device = new Puppet();
    device.onOrder = async (url) => {
      await device.fetch(url);
      device.says('installing');
    };
    await assert.rejects(upgrade(device, { timeoutMs: 150 }), {
      reason: 'upgradeUnfinished',
      code: 'TIMEOUT',
      message: /150 ms.*installing/,
    });
    await assert.rejects(fetch(device.orders[0]?.app_url ?? ''));
  });

  it('ends at its deadline too while the device is silent', async () => {
    const device = willing();
    device.onOrder = async (url) => {
      await device.fetch(url);
      device.says(silence());
    };
    await assert.rejects(upgrade(device, { timeoutMs: 150 }), { reason: 'upgradeUnfinished' });
  });

  it('ends when its caller gives up, in mid-course or before it began', async () => {
    const device = new Puppet();
    const giveUp = new AbortController();
    device.onOrder = async (url) => {
      await device.fetch(url);
      giveUp.abort();
    };
    await assert.rejects(upgrade(device, { signal: giveUp.signal }), {
      reason: 'aborted',
      code: 'CANCELLED',
    });
    await assert.rejects(fetch(device.orders[0]?.app_url ?? ''));

    const untouched = new Puppet();
    await assert.rejects(upgrade(untouched, { signal: giveUp.signal }), { reason: 'aborted' });
    assert.deepEqual(untouched.calls, []);
  });

  it('ends when the device was closed', async () => {
    const device = willing();
    device.onOrder = () => device.says(new MialinkError('closed', { device: LABEL }));
    await assert.rejects(upgrade(device), { reason: 'closed', code: 'CANCELLED' });
  });

  it('ends when the file is cut short while it is fetched', async () => {
    const device = new Puppet();
    const path = await directory.write();
    device.onOrder = async (url) => {
      await truncate(path, 1000);
      await device.fetch(url).catch(() => {});
      device.says('downloading');
    };
    await assert.rejects(upgradeFirmware(device, path, FAST), {
      reason: 'firmwareUnreadable',
      code: 'CONFIG',
    });
  });

  it('asks nothing of the device when the file is not there', async () => {
    const device = new Puppet();
    await assert.rejects(upgradeFirmware(device, `${directory.path}/none`, FAST), {
      reason: 'firmwareUnreadable',
    });
    assert.deepEqual(device.calls, []);
  });

  it('runs once for a device, and again when it has ended', async () => {
    const device = willing();
    const path = await directory.write();
    const first = upgradeFirmware(device, path, FAST);
    await assert.rejects(upgradeFirmware(device, path, FAST), { reason: 'upgradeUnderWay' });
    await first;
    device.runs('1.0.0');
    assert.equal((await upgradeFirmware(device, path, FAST)).version, '2.0.0');
    assert.equal(device.orders.length, 2);
  });

  it('gives up a device that stays silent before the order', async () => {
    const device = new Puppet();
    device.says(silence());
    await assert.rejects(upgrade(device), { reason: 'noAnswer' });
    assert.equal(device.calls.length, 3);
  });

  it('gives up an order that is lost again and again', async () => {
    const device = new Puppet();
    device.answers['miIO.ota'] = [silence()];
    await assert.rejects(upgrade(device), { reason: 'noAnswer', message: /miIO\.ota/ });
    assert.equal(device.orders.length, 3);
  });

  for (const option of [
    { timeoutMs: 0 },
    { pollMs: -1 },
    { pollMs: Number.NaN },
    { quietMs: -1 },
    { restartMs: Number.POSITIVE_INFINITY },
    { address: 'no host/' },
    { address: 'http://192.168.1.2' },
  ]) {
    const [field = ''] = Object.keys(option);
    it(`tells what is wrong with ${inspect(option)}, and asks nothing of the device`, async () => {
      const device = new Puppet();
      await assert.rejects(upgrade(device, option), (error: MialinkError) => {
        assert.deepEqual([error.reason, error.code, error.values.field], ['settingInvalid', 'CONFIG', field]);
        return true;
      });
      assert.deepEqual([device.calls, device.upgrade.state], [[], 'none']);
    });
  }

  it('does not take an uptime that stands still for a restart, however long it lasts', async () => {
    const device = new Puppet();
    const skip = skippingTime();
    device.onOrder = async (url) => {
      await device.fetch(url);
      skip(600_000);
    };
    await assert.rejects(upgrade(device), { reason: 'upgradeRejected' });
  });
});
