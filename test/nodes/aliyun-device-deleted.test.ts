/** A device that registers itself, and is deleted in the cloud: who creates it again. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AliyunDevice } from '../../lib/aliyun';
import { readSetup, type Setup } from '../../nodes/aliyun-device-settings';
import { registrationOf } from '../../nodes/aliyun-device-storage';
import { AliyunDevices, type Owner } from '../../nodes/aliyun-devices';
import { Cloud } from '../simulators/cloud';
import { LAMP } from '../support/aliyun';

const PRODUCT = { productKey: LAMP.productKey, productSecret: 'pr0duc75ec2e7', dynamicRegistration: true };
/** Told of the deletion, cut off, at the next try connecting, and what comes of it. */
const CHANGES_UNTIL_NEXT_TRY = 4;

describe('a registered device that is deleted in the cloud', () => {
  const devices = new AliyunDevices();
  const owner: Owner = {
    logger: { debug: () => undefined, warn: () => undefined },
    isUsedBy: () => false,
    onRefused: () => undefined,
  };
  let cloud: Cloud;
  let userDir: string;
  let open: AliyunDevice[];

  beforeEach(async () => {
    cloud = await Cloud.start({ devices: [LAMP], products: [PRODUCT] });
    userDir = await mkdtemp(join(tmpdir(), 'mialink-'));
    open = [];
  });
  afterEach(async () => {
    for (const device of open) await devices.release(device, owner);
    await cloud.close();
    await rm(userDir, { recursive: true });
  });

  const inCloud = () => cloud.device(LAMP.deviceName);
  function setupBy(registration: string): Setup {
    const { productKey, deviceName } = LAMP;
    const places = { endpoint: `127.0.0.1:${cloud.tlsPort}`, authEndpoint: `127.0.0.1:${cloud.authPort}` };
    const fields = { productKey, deviceName, ca: cloud.ca, registration, ...places };
    return readSetup(fields, { productSecret: PRODUCT.productSecret });
  }
  async function connected(setup: Setup): Promise<AliyunDevice> {
    const device = devices.take(setup, owner, userDir);
    open.push(device);
    while (device.state !== 'connected') await once(device, 'state');
    return device;
  }

  it('by mqtt-unregistered creates itself anew only after a redeploy', async () => {
    const setup = setupBy('mqtt-unregistered');
    const device = await connected(setup);
    const states: string[] = [];
    device.on('state', (state) => states.push(state));
    await inCloud().delete();
    while (states.length < CHANGES_UNTIL_NEXT_TRY) await once(device, 'state');
    assert.deepEqual(new Set(states), new Set(['deleted']));
    assert.equal(device.problem?.reason, 'deviceDeleted');
    await assert.rejects(device.postProperties({ Brightness: 1 }), { reason: 'deviceDeleted', code: 'AUTH' });
    assert.equal(inCloud().standing, 'deleted');

    await devices.release(device, owner);
    await connected(setup);
    assert.equal(inCloud().standing, 'enabled');
  });

  for (const registration of ['https', 'mqtt']) {
    it(`by ${registration} registers the one that is created in the console, and keeps that`, async () => {
      const setup = setupBy(registration);
      const device = await connected(setup);
      await inCloud().delete();
      inCloud().standing = 'enabled';
      inCloud().resetActivation();
      const { deviceSecret } = inCloud().triple;
      while (device.state !== 'connected') await once(device, 'state');
      assert.notEqual(inCloud().triple.deviceSecret, deviceSecret);
      // The cloud would not register it a third time.
      const kept = await registrationOf(setup.settings, userDir)?.credentials();
      assert.deepEqual(kept, { deviceSecret: inCloud().triple.deviceSecret });
    });
  }
});
