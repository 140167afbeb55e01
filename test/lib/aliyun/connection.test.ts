import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import sinon from 'sinon';
import { GLOBALSIGN_ROOT_R1 } from '../../../lib/aliyun/roots';
import { subscriptions } from '../../../lib/aliyun/topics';
import { Pending } from '../../../lib/pending';
import { acknowledged, Bench, lamp, problemOf, statesOf, stopTime, sys, untilState } from './bench';

describe('Aliyun connection', () => {
  let bench: Bench;

  beforeEach(async () => {
    bench = await Bench.start();
  });
  afterEach(async () => {
    sinon.restore();
    await bench.close();
  });

  for (const signMethod of ['hmacsha256', 'hmacsha1', 'hmacmd5'] as const) {
    it(`signs in over verified TLS with ${signMethod}`, async () => {
      const device = bench.device({ signMethod });
      const states = statesOf(device);
      device.open();
      await untilState(device, 'connected');
      assert.deepEqual(states, ['connecting', 'connected']);
      assert.equal(bench.lamp.online, true);
      assert.equal(device.problem, undefined);
    });
  }

  it('signs in over plain TCP, with the secure mode that belongs to it', async () => {
    await bench.connectedDevice({ transport: 'tcp' });
    assert.equal(bench.lamp.connects, 1);
  });

  it('is connected only when its subscriptions are acknowledged', async () => {
    const device = bench.device();
    const packets: string[][] = [];
    bench.lamp.on('subscribed', (filters) => {
      assert.equal(device.state, 'connecting');
      packets.push(filters);
    });
    device.open();
    await untilState(device, 'connected');
    const wanted = subscriptions({ productKey: lamp.productKey, deviceName: lamp.deviceName });
    assert.deepEqual([...new Set(packets.flat())].sort(), wanted.sort());
  });

  it('connects once, however often it is opened', async () => {
    const device = await bench.connectedDevice();
    device.open();
    await device.postProperties({ a: 1 });
    assert.equal(bench.lamp.connects, 1);
  });

  it('with a wrong secret is refused, and fails requests at once with AUTH, without the secret', async () => {
    const device = bench.device({ deviceSecret: 'wrong-secret', timeoutMs: 60_000 });
    device.open();
    const problem = await untilState(device, 'refused');
    assert.deepEqual(
      [problem?.code, problem?.reason, problem?.values.returnCode],
      ['AUTH', 'signInRefused', 4],
    );
    const failure = await problemOf(device.postProperties({ a: 1 }));
    assert.equal(failure.code, 'AUTH');
    assert.equal(failure.peer?.code, 4);
    assert.match(failure.peer?.message ?? '', /^Connection refused/);
    const told = `${failure.message}${JSON.stringify(failure.values)}${bench.reports.lines.join()}`;
    assert.ok(!told.includes('wrong-secret'));
  });

  it('fails with AUTH what waited for the connection that is refused', async () => {
    const device = bench.device({ deviceSecret: 'wrong-secret', timeoutMs: 60_000 });
    const post = problemOf(device.postProperties({ a: 1 }));
    device.open();
    assert.equal((await post).code, 'AUTH');
  });

  it('tries again after a refusal, and connects when it is lifted', async () => {
    bench.cloud.knobs.refuse = 5;
    const device = bench.device();
    device.open();
    await untilState(device, 'refused');
    bench.cloud.knobs.refuse = null;
    await untilState(device, 'connected');
    assert.equal((await acknowledged(device.postProperties({ a: 1 }))).code, 200);
  });

  it('does not take another refusal for a wrong secret', async () => {
    bench.cloud.knobs.refuse = 3;
    const device = bench.device();
    device.open();
    const problem = await untilState(device, 'disconnected');
    assert.deepEqual([problem?.code, problem?.reason], ['TRANSPORT', 'connectionFailed']);
  });

  it('does not speak to a broker whose certificate another authority signed', async () => {
    const device = bench.device({ ca: GLOBALSIGN_ROOT_R1 });
    device.open();
    const problem = await untilState(device, 'disconnected');
    assert.deepEqual([problem?.code, problem?.reason], ['TRANSPORT', 'tlsFailed']);
    assert.equal(bench.lamp.connects, 0);
  });

  it('does not speak to a broker whose certificate is for another host', async () => {
    const wire = await bench.wire(bench.cloud.tlsPort, '127.0.0.2');
    const device = bench.device({ endpoint: `127.0.0.2:${wire.port}` });
    device.open();
    const problem = await untilState(device, 'disconnected');
    assert.equal(problem?.reason, 'tlsName');
    assert.match(problem?.message ?? '', /127\.0\.0\.2/);
    assert.equal(bench.lamp.connects, 0);
  });

  it('waits for a broker that is away at start, and says why it is not connected meanwhile', async () => {
    await bench.cloud.stopBroker();
    const device = bench.device({ timeoutMs: 300 });
    device.open();
    await untilState(device, 'disconnected');
    const problem = await problemOf(device.postProperties({ a: 1 }));
    assert.deepEqual([problem.code, problem.reason], ['TRANSPORT', 'notConnected']);
    assert.match(
      problem.message,
      /^property post was not sent: .*could not connect to 127\.0\.0\.1: .*ECONNREFUSED/,
    );
    await bench.cloud.startBroker();
    await untilState(device, 'connected');
  });

  it('keeps nothing of the requests that failed while the broker was away', async () => {
    const waits = sinon.spy(Pending.prototype, 'wait');
    await bench.cloud.stopBroker();
    const device = bench.device({ timeoutMs: 20 });
    device.open();
    for (let time = 0; time < 3; time += 1) await problemOf(device.postProperties({ a: 1 }));
    const tables = waits.thisValues;
    assert.deepEqual(
      tables.map(({ size }) => size),
      [0, 0, 0],
    );
  });

  it('waits at most timeoutMs when it was never opened', async () => {
    const problem = await problemOf(bench.device({ timeoutMs: 20 }).postProperties({ a: 1 }));
    assert.equal(problem.reason, 'notConnected');
  });

  it('sends a request that waited, as soon as the broker is there', async () => {
    await bench.cloud.stopBroker();
    const device = bench.device({ timeoutMs: 15_000 });
    device.open();
    await untilState(device, 'disconnected');
    const post = device.postProperties({ power: 1 });
    await bench.cloud.startBroker();
    assert.equal((await acknowledged(post)).code, 200);
    assert.equal(bench.lamp.properties.power?.value, 1);
  });

  it('fails a request whose connection breaks, and serves the next after coming back', async () => {
    bench.cloud.knobs.dropReplies = true;
    const device = await bench.connectedDevice({ timeoutMs: 15_000 });
    const failure = problemOf(device.postProperties({ a: 1 }));
    await once(bench.lamp, 'post');
    await bench.cloud.stopBroker();
    const { code, reason } = await failure;
    assert.deepEqual([code, reason], ['TRANSPORT', 'connectionLost']);
    bench.cloud.knobs.dropReplies = false;
    await bench.cloud.startBroker();
    assert.equal((await acknowledged(device.postProperties({ a: 2 }))).code, 200);
    assert.equal(bench.lamp.connects, 2);
  });

  it('comes back after a reset of the wire', async () => {
    const device = await bench.connectedDevice();
    const lost = untilState(device, 'disconnected');
    bench.lamp.cut();
    assert.equal((await lost)?.reason, 'connectionLost');
    await untilState(device, 'connected');
  });

  it('warns once of another client with the same triple, slows down, and says so', async () => {
    const device = await bench.connectedDevice();
    for (let time = 0; time < 4; time += 1) {
      const lost = untilState(device, 'disconnected');
      bench.lamp.kick();
      const problem = await lost;
      assert.equal(problem?.reason, time < 2 ? 'connectionLost' : 'sessionTaken');
      await untilState(device, 'connected');
    }
    assert.deepEqual(bench.reports.reasons, ['sessionTaken']);
  });

  it('finds out within seconds of an unanswered request that the broker is silent', async () => {
    const wire = await bench.wire(bench.cloud.tcpPort ?? 0);
    const clock = stopTime();
    const device = await bench.connectedDevice({ transport: 'tcp', endpoint: `127.0.0.1:${wire.port}` });
    wire.asleep = true;
    const failure = problemOf(device.postProperties({ a: 1 }));
    await clock.tickAsync(3000);
    assert.equal((await failure).reason, 'noReply');
    assert.equal(device.state, 'connected');
    await clock.tickAsync(10_000);
    assert.equal(device.state, 'disconnected');
    assert.match(device.problem?.message ?? '', /silent/);
  });

  it('stays connected when only the reply is missing', async () => {
    bench.cloud.knobs.dropReplies = true;
    const clock = stopTime();
    const device = await bench.connectedDevice();
    const states = statesOf(device);
    for (let time = 0; time < 2; time += 1) {
      const failure = problemOf(device.postProperties({ a: 1 }));
      await once(bench.lamp, 'post');
      await clock.tickAsync(3000);
      assert.equal((await failure).reason, 'noReply');
    }
    bench.cloud.knobs.dropReplies = false;
    // Its reply comes after the answer to the ping.
    await device.postProperties({ a: 1 });
    await clock.tickAsync(20_000);
    assert.deepEqual(states, []);
  });

  it('tries again when sign-in is answered but the subscriptions are not', async () => {
    const wire = await bench.wire(bench.cloud.tcpPort ?? 0);
    wire.drowsy = true;
    const clock = stopTime();
    const device = bench.device({ transport: 'tcp', endpoint: `127.0.0.1:${wire.port}` });
    device.open();
    await once(bench.lamp, 'subscribed');
    assert.equal(device.state, 'connecting');
    const offline = once(bench.lamp, 'offline');
    await clock.tickAsync(20_000);
    await offline;
    wire.drowsy = false;
    wire.asleep = false;
    const connected = untilState(device, 'connected');
    await clock.tickAsync(1000);
    await connected;
    assert.equal(bench.lamp.connects, 2);
  });

  it('survives a peer that talks nonsense', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.resume();
      socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const device = bench.device({ transport: 'tcp', endpoint: `127.0.0.1:${port}` });
    device.open();
    assert.equal((await untilState(device, 'disconnected'))?.reason, 'connectionFailed');
    await device.close();
    await new Promise((resolve) => server.close(resolve));
  });

  it('goes on when a listener of its state throws', async () => {
    const device = bench.device();
    device.on('state', () => {
      throw new Error('a bug of the listener');
    });
    device.open();
    assert.equal((await acknowledged(device.postProperties({ a: 1 }))).code, 200);
    assert.match(bench.reports.lines.join('\n'), /a bug of the listener/);
  });

  it('gets with cleanSession off what was sent while it was away', async () => {
    const away = await bench.connectedDevice({ cleanSession: false });
    await away.close();
    bench.lamp.publish(`${sys}/thing/service/property/set`, '{"id":"1","params":{"power":1}}');
    const device = bench.device({ cleanSession: false });
    const set = new Promise((resolve) => {
      device.onPropertySet('auto', ({ params }) => resolve(params));
    });
    device.open();
    assert.deepEqual(await set, { power: 1 });
  });
});
