import assert from 'node:assert/strict';
import { connect, type MqttClient } from 'mqtt';
import sinon from 'sinon';
import { Bench, lamp, problemOf, statesOf, stopTime, untilState, type Wire } from './bench';

const TOPIC = `/${lamp.productKey}/${lamp.deviceName}/user/update`;

describe('Messages that are to be acknowledged', () => {
  let bench: Bench;
  let wire: Wire;
  let clients: MqttClient[];

  beforeEach(async () => {
    bench = await Bench.start();
    wire = await bench.wire(bench.cloud.tcpPort ?? 0);
    clients = [];
  });
  afterEach(async () => {
    sinon.restore();
    await bench.close();
  });

  const connected = () =>
    bench.connectedDevice(
      { transport: 'tcp', endpoint: `127.0.0.1:${wire.port}` },
      {
        connect: (url, options) => {
          const client = connect(url, options);
          clients.push(client);
          return client;
        },
      },
    );

  for (const [what, send] of Object.entries({
    'a message': (device) => device.publish(TOPIC, 'x'),
    'a shadow request': (device) => device.shadow.get(),
    'raw data': (device) => device.rawData.post(Buffer.from('x')),
    'the question for the time': (device) => device.cloudClock.ask(),
  } satisfies Record<string, (device: Awaited<ReturnType<typeof connected>>) => Promise<unknown>>)) {
    it(`find out within seconds that the broker is silent: ${what}`, async () => {
      const clock = stopTime();
      const device = await connected();
      // The owners of these subscribe when they are first asked for.
      assert.ok(device.shadow && device.rawData && device.cloudClock);
      wire.asleep = true;
      const failure = problemOf(send(device));
      await clock.tickAsync(3000);
      assert.equal((await failure).reason, 'noReply');
      assert.equal(device.state, 'connected');
      await clock.tickAsync(10_000);
      assert.equal(device.state, 'disconnected');
      assert.match(device.problem?.message ?? '', /silent/);
    });
  }

  it('are forgotten when nobody waits for them any more', async () => {
    const clock = stopTime();
    const device = await connected();
    wire.asleep = true;
    const failures = ['1', '2', '3'].map((text) => problemOf(device.publish(TOPIC, text)));
    await clock.tickAsync(3000);
    for (const failure of failures) assert.equal((await failure).reason, 'noReply');
    assert.deepEqual(Object.keys(clients[0]?.outgoing ?? { none: 0 }), []);
  });

  it('may fail one by one, while the others and the connection go on', async () => {
    const clock = stopTime();
    const device = await connected();
    const states = statesOf(device);
    wire.asleep = true;
    const failure = problemOf(device.publish(TOPIC, 'lost'));
    await clock.tickAsync(3000);
    assert.equal((await failure).reason, 'noReply');
    wire.asleep = false;
    await device.publish(TOPIC, 'next');
    await clock.tickAsync(20_000);
    assert.deepEqual(states, []);
  });

  it('fail at once when the connection is lost', async () => {
    const device = await connected();
    wire.asleep = true;
    const failure = problemOf(device.publish(TOPIC, 'lost'));
    await new Promise(setImmediate);
    const lost = untilState(device, 'disconnected');
    clients[0]?.stream.destroy();
    await lost;
    assert.equal((await failure).reason, 'connectionLost');
  });
});
