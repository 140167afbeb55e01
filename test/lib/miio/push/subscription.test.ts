/** The reports of a MIoT device: from the probe to the end, with everything that comes between on a home's network. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import sinon, { type SinonFakeTimers } from 'sinon';
import type { SimulatedDevice, SimulatedDeviceOptions } from '../../../simulators/home';
import { Client, passUntil, reaches } from '../conversation';
import { pluggedInLight, Subscriber } from './subscriber';

describe('a subscription to a MIoT device', () => {
  let device: SimulatedDevice;
  let subscriber: Subscriber;

  const subscribe = async (options: Partial<SimulatedDeviceOptions> = {}): Promise<void> => {
    device = await pluggedInLight(options);
    subscriber = new Subscriber(new Client(device));
  };
  afterEach(async () => {
    await subscriber.close();
    await device.stop();
  });
  const methods = (): string[] => device.received.map(({ method }) => method);

  for (const type of [0, 1, 4]) {
    it(`is made with a device of type ${type}`, async () => {
      await subscribe({ subscription: { type } });
      await subscriber.reaches('subscribed');
      assert.equal(device.subscribers.length, 1);
      assert.deepEqual(methods(), ['miIO.sub']);
    });
  }

  it('tells a new value at once, and acknowledges it', async () => {
    await subscribe();
    await subscriber.reaches('subscribed');
    const acknowledged = once(device, 'acknowledged');
    device.set('3.1', true);
    await acknowledged;
    assert.deepEqual(subscriber.told, ['subscribed', [{ siid: 3, piid: 1, value: true }]]);
  });

  it('tells an event and its arguments, and acknowledges it', async () => {
    await subscribe();
    await subscriber.reaches('subscribed');
    const event = { siid: 3, eiid: 1, arguments: [{ piid: 1, value: true }] };
    const acknowledged = once(device, 'acknowledged');
    device.raise(event);
    await acknowledged;
    assert.deepEqual(subscriber.told, ['subscribed', event]);
  });

  it('tells a report once that is repeated because its acknowledgement was lost', async () => {
    await subscribe({ subscription: { type: 1, repeatMs: 30 } });
    await subscriber.reaches('subscribed');
    device.faults.lossIn = 1;
    const lost = once(device, 'dropped');
    device.set('2.2', 10);
    await lost;
    device.faults.lossIn = 0;
    await once(device, 'acknowledged');
    assert.deepEqual(subscriber.told, ['subscribed', [{ siid: 2, piid: 2, value: 10 }]]);
  });

  it('goes on beside commands, whose answers it leaves alone', async () => {
    await subscribe();
    await subscriber.reaches('subscribed');
    const items = [{ did: 'a', siid: 2, piid: 1, value: true }];
    const acknowledged = once(device, 'acknowledged');
    const result = await subscriber.client.result('set_properties', items);
    await acknowledged;
    assert.deepEqual(result, [{ did: 'a', siid: 2, piid: 1, code: 0 }]);
    assert.deepEqual(subscriber.told.slice(1), [[{ siid: 2, piid: 1, value: true }]]);
  });

  it('ends with miIO.unsub, and nothing is told afterwards', async () => {
    await subscribe();
    await subscriber.reaches('subscribed');
    const { session } = subscriber.client;
    await subscriber.subscription.close();
    assert.deepEqual(methods(), ['miIO.sub', 'miIO.unsub']);
    assert.deepEqual(device.subscribers, []);
    assert.deepEqual(subscriber.told, ['subscribed', 'closed']);
    assert.equal(session.listenerCount('state'), 1, 'only that of the test');
    subscriber.subscription.start();
    assert.equal(subscriber.subscription.state, 'closed');
    assert.equal(session.listenerCount('state'), 1);
  });

  it('ends at once, before anything is answered, and with the session', async () => {
    await subscribe();
    await subscriber.subscription.close();
    assert.deepEqual(device.subscribers, []);
    const other = new Subscriber(new Client(device));
    await other.reaches('subscribed');
    other.client.session.close();
    await other.reaches('closed');
    await other.close();
  });

  describe('knows a device without reports', () => {
    for (const [what, asked, options] of [
      ['that answers the probe as a plain hello', [], { subscription: undefined }],
      ['of a type for others', [], { subscription: { type: 2 } }],
      [
        'that refuses miIO.sub',
        ['miIO.sub'],
        {
          methods: {
            'miIO.sub': () => {
              throw { code: -32601, message: 'Method not found.' };
            },
          },
        },
      ],
      ['that declines in its result', ['miIO.sub'], { methods: { 'miIO.sub': () => ({ code: -1 }) } }],
    ] as const) {
      it(what, async () => {
        await subscribe(options);
        await subscriber.reaches('unsupported');
        assert.deepEqual(subscriber.told, ['unsupported']);
        await subscriber.subscription.close();
        assert.deepEqual(methods(), asked);
      });
    }

    it('that answers a hello, but no probe', async () => {
      await subscribe();
      const receive = device.receive.bind(device);
      device.receive = (datagram, from) => {
        if (datagram.toString('latin1', 16, 20) !== 'MDID') receive(datagram, from);
      };
      await subscriber.reaches('unsupported');
    });
  });

  describe('as time passes', () => {
    let clock: SinonFakeTimers;
    beforeEach(() => {
      clock = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] });
    });
    // Ended under the clock that it has begun with: a timer of this clock never rings when it has been taken away.
    afterEach(async () => {
      await passes(subscriber.close());
      clock.restore();
    });
    const passes = (happened: Promise<unknown>) => passUntil(clock, happened);

    it('is not made again while the device keeps it, however long', async () => {
      await subscribe();
      await passes(subscriber.reaches('subscribed'));
      const probes = sinon.spy();
      device.on('hello', probes);
      for (let minute = 0; minute < 10; minute++) {
        await passes(once(device, 'hello'));
        await clock.tickAsync(30_000);
      }
      assert.ok(probes.callCount >= 10);
      assert.deepEqual(methods(), ['miIO.sub']);
      assert.deepEqual(subscriber.told, ['subscribed']);
    });

    it('is made again after the device has restarted', async () => {
      await subscribe();
      await passes(subscriber.reaches('subscribed'));
      await device.reboot();
      const again = once(device, 'executed');
      await passes(again);
      assert.equal(device.subscribers.length, 1);
      const acknowledged = once(device, 'acknowledged');
      device.set('2.1', true);
      await passes(acknowledged);
      assert.deepEqual(subscriber.told.slice(-1), [[{ siid: 2, piid: 1, value: true }]]);
    });

    it('is made again as soon as a command hears of the restart', async () => {
      const command = () =>
        passes(subscriber.client.session.call('miIO.info', [], { retries: 2, timeoutMs: 8_000 }));
      await subscribe();
      await passes(subscriber.reaches('subscribed'));
      await clock.tickAsync(20_000);
      await command();
      await device.stop();
      await device.start();
      const before = performance.now();
      await command();
      await passes(subscriber.reaches('subscribed'));
      assert.deepEqual(subscriber.told, ['subscribed', 'probing', 'subscribed']);
      assert.ok(performance.now() - before < 5_000, 'no probe was due yet');
    });

    it('waits for a device that is away, and for one that comes later', async () => {
      await subscribe();
      await passes(subscriber.reaches('subscribed'));
      await device.stop();
      await passes(subscriber.reaches('probing'));
      await clock.tickAsync(600_000);
      await device.start();
      await passes(subscriber.reaches('subscribed'));
      assert.equal(device.subscribers.length, 1);
    });

    it('counts as lost as soon as the device is away', async () => {
      await subscribe();
      const { session } = subscriber.client;
      await passes(subscriber.reaches('subscribed'));
      await device.stop();
      await passes(reaches(session, 'disconnected'));
      assert.equal(subscriber.subscription.state, 'probing');
    });

    it('is not made with another device than the one that is meant', async () => {
      device = await pluggedInLight();
      subscriber = new Subscriber(new Client(device), { deviceId: '42' });
      await passes(reaches(subscriber.client.session, 'connected'));
      await passes(new Promise((resolve) => setTimeout(resolve, 60_000)));
      assert.deepEqual(methods(), []);
      assert.deepEqual(subscriber.told, []);
    });

    it('asks a device without reports rarely', async () => {
      await subscribe({ subscription: undefined });
      await passes(subscriber.reaches('unsupported'));
      const probes = sinon.spy();
      device.on('hello', probes);
      await passes(new Promise((resolve) => setTimeout(resolve, 5 * 60_000)));
      assert.ok(probes.callCount <= 12, `${probes.callCount} hellos are those of the session`);
    });

    it('follows a device to its new address', async () => {
      await subscribe({ address: '127.54.1.1' });
      await passes(subscriber.reaches('subscribed'));
      await device.stop();
      const { port } = device;
      device = await pluggedInLight({ address: '127.54.1.2', port });
      subscriber.client.session.moved(device.address);
      await passes(once(device, 'executed'));
      const acknowledged = once(device, 'acknowledged');
      device.set('2.1', true);
      await passes(acknowledged);
      assert.deepEqual(subscriber.told.at(-1), [{ siid: 2, piid: 1, value: true }]);
    });

    it('is made again with a device at another address, though it says that it keeps it', async () => {
      await subscribe({ address: '127.54.1.1' });
      const { session } = subscriber.client;
      await passes(subscriber.reaches('subscribed'));
      // It seems to be elsewhere: what is sent there reaches it, and what it sends comes from there.
      const peer = { ...session.peer, address: '127.54.1.2' };
      sinon.stub(session, 'peer').get(() => peer);
      const send = session.socket.send.bind(session.socket);
      sinon
        .stub(session.socket, 'send')
        .callsFake((packet, port, _, sent) => send(packet, port, '127.54.1.1', sent));
      const receive = session.socket.receive.bind(session.socket);
      sinon
        .stub(session.socket, 'receive')
        .callsFake((_, port, receiver) => receive('127.54.1.1', port, receiver));
      await passes(once(device, 'executed'));
      assert.deepEqual(methods(), ['miIO.sub', 'miIO.sub']);
    });
  });
});
