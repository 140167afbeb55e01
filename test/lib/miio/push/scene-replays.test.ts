/** Calls of a gateway that somebody has recorded and sends again, sooner or later. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import sinon, { type SinonFakeTimers } from 'sinon';
import { PushServer, SceneSubscription } from '../../../../lib/miio/push';
import { gateway, SimulatedDevice } from '../../../simulators/home';
import { Client } from '../conversation';
import { CallingGateway, freePort } from './zigbee-gateway';

const CLICK = { sourceDid: 'lumi.1', sourceModel: 'lumi.sensor_switch.v2', event: 'click', extra: '[1]' };
const MINUTES = 60_000;

describe('a recorded call of a gateway', () => {
  let clock: SinonFakeTimers;
  let device: SimulatedDevice;
  let client: Client;
  let subscription: SceneSubscription;
  let caller: CallingGateway;
  let reports: unknown[];
  let method: string | undefined;
  let id: number;

  beforeEach(async () => {
    clock = sinon.useFakeTimers({ toFake: ['performance'] });
    reports = [];
    id = 0;
    const port = await freePort();
    device = new SimulatedDevice(gateway({ port: 0, gateway: { pushPort: port, waitMs: 200 } }));
    await device.start();
    client = new Client(device);
    const { session } = client;
    const server = new PushServer({ bindAddress: '127.0.0.1', port });
    subscription = new SceneSubscription({ session, label: 'gateway', server, events: [CLICK] });
    subscription.on('event', ({ params }) => reports.push(params));
    subscription.start();
    while (subscription.state !== 'subscribed') await once(subscription, 'state');
    method = device.scenes[0]?.method;
    caller = await CallingGateway.open({ address: '127.0.0.1', port }, device.token);
  });
  afterEach(async () => {
    await subscription.close();
    await client.close();
    await caller.close();
    await device.stop();
    clock.restore();
  });

  /** Has another id each time. */
  const recorded = (params: string, stamp?: number): Buffer =>
    caller.packet({ id: ++id, method, params }, device.token, stamp);
  const arrives = (packet: Buffer): Promise<string> => {
    caller.send(packet);
    return caller.answer();
  };

  it('is answered, but told once, however much later it comes again', async () => {
    const packet = recorded('click');
    for (const minutes of [0, 1, 11, 60, 100_000]) {
      clock.tick(minutes * MINUTES);
      await arrives(packet);
    }
    assert.deepEqual(reports, ['click']);
  });

  it('is told once also when thousands have come since, if the stamps rise', async () => {
    const packet = recorded('old', 1_000);
    await arrives(packet);
    for (let n = 1; n <= 1_100; n++) await arrives(recorded('new', 1_000 + n));
    clock.tick(20 * MINUTES);
    caller.send(packet);
    await arrives(recorded('last', 3_000));
    assert.deepEqual([reports.length, reports[0], reports.at(-1)], [1_102, 'old', 'last']);
  });

  it('is not told when it was kept from us until newer ones came', async () => {
    const kept = recorded('kept', 1_000);
    await arrives(recorded('new', 1_060));
    caller.send(kept);
    assert.match(
      await arrives(recorded('newer', 1_060)),
      /"id":3/,
      'the first answer is that to the last call',
    );
    assert.deepEqual(reports, ['new', 'newer']);
  });

  it('does not keep from us what a gateway calls whose stamp stands still', async () => {
    for (const params of ['one', 'two', 'three']) {
      await arrives(recorded(params, 0));
      clock.tick(MINUTES);
    }
    assert.deepEqual(reports, ['one', 'two', 'three']);
  });

  it('does not keep from us what a gateway calls that has restarted', async () => {
    await arrives(recorded('before', 100_000));
    clock.tick(2 * MINUTES);
    await device.reboot();
    await client.call('miIO.info');
    await arrives(recorded('after', 3));
    assert.deepEqual(reports, ['before', 'after']);
  });

  it('leaves nobody listening when all is over', async () => {
    await subscription.close();
    assert.equal(client.session.listenerCount('restarted'), 0);
  });
});
