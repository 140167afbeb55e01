/** What ends with the last user of a device, and with the network. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Network, PropertyWatch } from '../../../lib/miio';
import type { SceneSubscription } from '../../../lib/miio/push';
import { gateway, SimulatedDevice } from '../../simulators/home';
import { freePort } from './push/zigbee-gateway';

const CLICK = {
  sourceDid: 'lumi.158d0001234567',
  sourceModel: 'lumi.sensor_switch.v2',
  event: 'click',
  extra: '[1,13,1,85,[0,1],0,0]',
};

describe('what all users of a device share', () => {
  let simulated: SimulatedDevice;
  let network: Network;

  beforeEach(async () => {
    const pushPort = await freePort();
    simulated = new SimulatedDevice(gateway({ port: 0, gateway: { pushPort, waitMs: 200 } }));
    await simulated.start();
    network = new Network({ pushPort });
  });

  afterEach(async () => {
    await network.close();
    await simulated.stop();
  });

  const device = () => {
    const { address, port, token } = simulated;
    return network.device({ address, port, token });
  };
  const subscribed = async (scenes: SceneSubscription): Promise<void> => {
    while (scenes.state !== 'subscribed') await once(scenes, 'state');
  };

  it('leaves no scenes in the gateway when the network closes', async () => {
    await subscribed(device().subscribeScenes([CLICK, { ...CLICK, event: 'double_click' }]));
    assert.equal(simulated.scenes.length, 2);
    await network.close();
    assert.deepEqual(simulated.scenes, []);
  });

  it('waits for scenes that their user was about to take out', async () => {
    const scenes = device().subscribeScenes([CLICK, { ...CLICK, event: 'double_click' }]);
    await subscribed(scenes);
    void scenes.close();
    await network.close();
    assert.deepEqual(simulated.scenes, []);
  });

  it('ends the scenes with the last user of the gateway, not before', async () => {
    const [one, other] = [device(), device()];
    const scenes = one.subscribeScenes([CLICK]);
    await subscribed(scenes);
    one.close();
    assert.equal(scenes.state, 'subscribed');
    other.close();
    assert.equal(scenes.state, 'closed');
    await scenes.close();
    assert.deepEqual(simulated.scenes, []);
  });

  it('ends the watch of its properties when the network closes', async () => {
    const watch = new PropertyWatch(device(), [{ name: 'rgb' }]);
    await watch.poll().catch(() => undefined);
    const told: Error[] = [];
    watch.on('away', (error) => told.push(error));
    await network.close();
    await assert.rejects(watch.poll(), { reason: 'closed' });
    assert.deepEqual(told, []);
  });
});
