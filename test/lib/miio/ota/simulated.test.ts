/** Upgrades of a simulated device that keeps strictly to the documents, over real sockets. */
import assert from 'node:assert/strict';
import { type MiioDevice, Network } from '../../../../lib/miio';
import { type UpgradeOptions, upgradeFirmware } from '../../../../lib/miio/ota';
import { Home, lamp, type OtaFault, type OtaOptions, type SimulatedDevice } from '../../../simulators/home';
import { IMAGE, useDirectory } from './files';

const FAST: UpgradeOptions = { pollMs: 5, quietMs: 300, restartMs: 300, timeoutMs: 10_000 };

describe('the upgrade of a simulated device', () => {
  const directory = useDirectory();
  let home: Home;
  let network: Network;
  let simulated: SimulatedDevice;
  let device: MiioDevice;

  async function plugIn(ota: OtaOptions = {}, fault: OtaFault | null = null): Promise<void> {
    home = await Home.start([lamp({ port: 0, ota })]);
    simulated = home.devices[0] ?? assert.fail('no device');
    simulated.faults.ota = fault;
    network = new Network();
    device = network.device({ address: '127.0.0.1', port: simulated.port, token: simulated.token });
  }
  const upgrade = async (options: UpgradeOptions = {}) =>
    upgradeFirmware(device, await directory.write(), { ...FAST, ...options });

  afterEach(async () => {
    await network.close();
    await home.close();
  });

  it('installs the very bytes of the file', async () => {
    const images: Buffer[] = [];
    const firmwareOf = (image: Buffer) => {
      images.push(image);
      return '1.1.0_0042';
    };
    await plugIn({ firmwareOf });
    assert.deepEqual(await upgrade(), { state: 'idle', version: '1.1.0_0042' });
    assert.deepEqual(images, [IMAGE]);
  });

  it('is ordered once by two who know the device by different names', async () => {
    await plugIn();
    const { address, port, token } = simulated;
    const other = network.device({ address, port, token, name: 'the same' });
    const path = await directory.write();
    const first = upgradeFirmware(device, path, FAST);
    await assert.rejects(upgradeFirmware(other, path, FAST), { reason: 'upgradeUnderWay' });
    assert.equal((await first).version, '2.0.0');
  });

  it('installs for a device that fetches in pieces, says states in its own words and is slow', async () => {
    await plugIn({
      pieceBytes: 1_460 * 8,
      stepMs: 50,
      stateNames: { downloaded: 'dowloaded', installing: 'flashing' },
    });
    assert.equal((await upgrade()).version, '2.0.0');
  });

  it('waits for a device that leaves the network while it installs', async () => {
    await plugIn({ stepMs: 1_500 }, 'silentInstall');
    assert.equal((await upgrade()).version, '2.0.0');
  });

  it('waits for a device that needs far longer for its restart than it may be quiet', async () => {
    await plugIn({ restartMs: 3_000 });
    assert.equal((await upgrade()).version, '2.0.0');
  });

  it('installs though packets are lost both ways, and orders once', async () => {
    await plugIn({ stepMs: 30 });
    simulated.faults.lossIn = 0.2;
    simulated.faults.lossOut = 0.2;
    assert.equal((await upgrade({ timeoutMs: 19_000 })).version, '2.0.0');
    assert.equal(simulated.executed.filter(({ method }) => method === 'miIO.ota').length, 1);
  });

  for (const [fault, reason] of [
    ['busy', 'upgradeBusy'],
    ['minusOne', 'upgradeRefused'],
    ['httpsOnly', 'upgradeRefused'],
    ['neverFetches', 'upgradeNotFetched'],
    ['rejectsImage', 'upgradeRejected'],
    ['failsToInstall', 'upgradeFailed'],
  ] as const) {
    it(`fails with ${reason} when it is a device with the fault ${fault}`, async () => {
      await plugIn({}, fault);
      await assert.rejects(upgrade(), { reason });
    });
  }

  it('ends at its deadline with a device that is stuck', async () => {
    await plugIn({}, 'stuck');
    await assert.rejects(upgrade({ timeoutMs: 500 }), {
      reason: 'upgradeUnfinished',
      message: /downloading/,
    });
  });

  it('ends with the network', async () => {
    await plugIn({}, 'stuck');
    const ended = upgrade({ onProgress: () => void network.close() });
    await assert.rejects(ended, { code: 'CANCELLED' });
  });
});
