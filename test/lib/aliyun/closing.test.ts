import assert from 'node:assert/strict';
import { once } from 'node:events';
import sinon from 'sinon';
import { Bench, lamp, problemOf, statesOf, stopTime, untilState } from './bench';

describe('Aliyun connection, closed', () => {
  let bench: Bench;

  beforeEach(async () => {
    bench = await Bench.start();
  });
  afterEach(async () => {
    sinon.restore();
    await bench.close();
  });

  it('rejects what is pending when it is closed, and says good-bye', async () => {
    bench.cloud.knobs.dropReplies = true;
    const device = await bench.connectedDevice();
    const failure = problemOf(device.postProperties({ a: 1 }));
    await once(bench.lamp, 'post');
    const offline = once(bench.lamp, 'offline');
    await device.close();
    assert.deepEqual([(await failure).code, device.state], ['CANCELLED', 'closed']);
    await offline;
  });

  it('sends nothing and connects no more after it was closed', async () => {
    const device = await bench.connectedDevice();
    const states = statesOf(device);
    await Promise.all([device.close(), device.close()]);
    device.open();
    for (const work of [
      device.postProperties({ a: 1 }),
      device.publish(`${lamp.productKey}`, {}),
      device.answer({ id: '1', topic: 't' }),
    ]) {
      assert.ok(['CANCELLED', 'TIMEOUT'].includes((await problemOf(work)).code));
    }
    assert.deepEqual(states, ['closed']);
    assert.deepEqual([bench.lamp.posts.length, bench.lamp.connects], [0, 1]);
  });

  it('is closed at once while it is still connecting, with what waited for it', async () => {
    const wire = await bench.wire(bench.cloud.tlsPort);
    wire.asleep = true;
    const device = bench.device({ endpoint: `127.0.0.1:${wire.port}` });
    device.open();
    const failure = problemOf(device.postProperties({ a: 1 }));
    const start = performance.now();
    await device.close();
    assert.ok(performance.now() - start < 500);
    assert.equal((await failure).code, 'CANCELLED');
    assert.equal(bench.lamp.connects, 0);
  });

  it('is closed while it waits for the next try, and does not try', async () => {
    await bench.cloud.stopBroker();
    const clock = stopTime();
    const device = bench.device();
    device.open();
    await untilState(device, 'disconnected');
    await device.close();
    await bench.cloud.startBroker();
    await clock.tickAsync(100_000);
    assert.deepEqual([device.state, bench.lamp.connects], ['closed', 0]);
  });

  it('says good-bye to a silent peer though a message is not acknowledged, and is closed within a second', async () => {
    const wire = await bench.wire(bench.cloud.tcpPort ?? 0);
    const clock = stopTime();
    const device = await bench.connectedDevice({ transport: 'tcp', endpoint: `127.0.0.1:${wire.port}` });
    wire.asleep = true;
    const publishing = problemOf(device.publish(`/${lamp.productKey}/${lamp.deviceName}/user/x`, {}));
    await once(bench.lamp, 'raw');
    const offline = once(bench.lamp, 'offline');
    const closing = device.close();
    await offline;
    assert.equal(wire.said.subarray(-2).toString('hex'), 'e000', 'MQTT’s DISCONNECT');
    await clock.tickAsync(1000);
    await closing;
    assert.equal((await publishing).code, 'CANCELLED');
  });

  it('may be closed by a listener of its state', async () => {
    const device = bench.device();
    device.on('state', (state) => {
      if (state === 'connected') void device.close();
    });
    device.open();
    await untilState(device, 'closed');
    assert.equal((await problemOf(device.postProperties({ a: 1 }))).code, 'CANCELLED');
  });
});
