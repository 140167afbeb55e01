/** A device that does not answer: how it is looked for, and which cause is named. */
import assert from 'node:assert/strict';
import sinon, { type SinonFakeTimers } from 'sinon';
import { MialinkError } from '../../../lib/errors';
import type { SimulatedDevice } from '../../simulators/home';
import { because, Client, passUntil, pluggedIn } from './conversation';

describe('a miIO session with a silent device', () => {
  let device: SimulatedDevice;
  let client: Client;

  beforeEach(async () => {
    device = await pluggedIn();
    client = new Client(device);
  });

  afterEach(async () => {
    await client.close();
    await device.stop();
  });

  const timeout = (reason: Parameters<typeof because>[0], text: RegExp) => (error: unknown) =>
    because(reason, text)(error) && error instanceof MialinkError && error.code === 'TIMEOUT';

  it('says that it answers hello, and which causes are left, when its token has worked before', async () => {
    await client.warmUp();
    device.faults.silentCommands = true;
    const ignored = timeout(
      'commandIgnored',
      /answers hello, but did not answer echo within 900 ms: it may be busy/,
    );
    await assert.rejects(client.call('echo', [], { timeoutMs: 900 }), ignored);
    assert.deepEqual(client.states, ['connecting', 'connected'], 'the device is there');
  });

  it('says so no more when it has left while the command was waiting', async () => {
    await client.warmUp();
    device.faults.silentCommands = true;
    setTimeout(() => void device.stop(), 700);
    await assert.rejects(client.call('echo', [], { timeoutMs: 2_500 }), timeout('noAnswer', /powered/));
    assert.equal(client.session.state, 'disconnected');
  });

  it('names its address when that is in none of our networks, and it was never heard', async () => {
    const away = new Client(device, { socket: client.socket, isNear: () => false });
    device.faults.silent = true;
    const foreign = timeout('otherSubnet', /127\.0\.0\.1 is in none of this machine’s networks/);
    await assert.rejects(away.call('echo', [], { timeoutMs: 200 }), foreign);
    device.faults.silent = false;
    await away.warmUp();
    device.faults.silent = true;
    await assert.rejects(away.call('echo', [], { timeoutMs: 200 }), because('noAnswer'));
    away.session.close();
  });

  it('does not name the networks when the address is in one of them', async () => {
    const near = new Client(device, { socket: client.socket, isNear: (address) => address === '127.0.0.1' });
    device.faults.silent = true;
    await assert.rejects(near.call('echo', [], { timeoutMs: 200 }), because('noAnswer'));
    near.session.close();
  });

  describe('over a long time', () => {
    let clock: SinonFakeTimers;

    beforeEach(() => {
      clock = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    });

    afterEach(() => clock.restore());

    it('says hello often for three seconds, then once a second, and sends nothing else', async () => {
      await client.warmUp();
      await device.stop();
      const sent: { at: number; bytes: number }[] = [];
      sinon.stub(client.socket, 'send').callsFake((packet, _port, _address, onSent) => {
        sent.push({ at: clock.now, bytes: packet.length });
        onSent(null);
      });
      await passUntil(
        clock,
        client.call('echo', [], { timeoutMs: 30_000 }).catch(() => undefined),
      );
      const hellos = sent.filter(({ bytes }) => bytes === 32).map(({ at }) => at);
      assert.ok(hellos.length >= 30 && hellos.length <= 42, `${hellos.length} hellos`);
      assert.ok(sent.length - hellos.length <= 5, 'the first try');
      const rests = hellos.slice(-20).map((at, index, all) => at - (all[index - 1] ?? at - 1_000));
      assert.deepEqual(new Set(rests), new Set([1_000]));
    });
  });
});
