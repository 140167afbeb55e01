import assert from 'node:assert/strict';
import { once } from 'node:events';
import sinon from 'sinon';
import type { AliyunDevice } from '../../../lib/aliyun';
import { Bench, cutAndBack, settle, sys, untilState } from './bench';

describe('Aliyun subscriptions', () => {
  let bench: Bench;
  let device: AliyunDevice;

  beforeEach(async () => {
    bench = await Bench.start();
    device = await bench.connectedDevice();
  });
  afterEach(() => bench.close());

  const settled = () => settle(bench.lamp);

  const topic = `/ota/device/upgrade/${sys.slice('/sys/'.length)}`;

  it('serve a handler registered before connecting, and again after a reconnection', async () => {
    await device.close();
    const fresh = bench.device();
    const payloads: string[] = [];
    fresh.subscribeTo(topic, (payload, where) => payloads.push(`${where} ${payload}`));
    fresh.open();
    await untilState(fresh, 'connected');
    bench.lamp.publish(topic, 'one');
    await settled();
    await cutAndBack(bench.lamp, fresh);
    bench.lamp.publish(topic, 'two');
    await settled();
    assert.deepEqual(payloads, [`${topic} one`, `${topic} two`]);
  });

  it('serve every handler while one is registered, and none afterwards', async () => {
    const [first, second] = [sinon.fake(), sinon.fake()];
    const stopFirst = device.subscribeTo(topic, first);
    const stopSecond = device.subscribeTo(topic, second);
    await once(bench.lamp, 'subscribed');
    bench.lamp.publish(topic, '1');
    await settled();
    stopFirst();
    stopFirst();
    bench.lamp.publish(topic, '2');
    await settled();
    stopSecond();
    await settled();
    bench.lamp.publish(topic, '3');
    await settled();
    assert.deepEqual([first.callCount, second.callCount], [1, 2]);
  });

  it('serve a handler that is registered while the others are being subscribed', async () => {
    await device.close();
    const fresh = bench.device();
    const handler = sinon.fake();
    const registered = once(bench.lamp, 'subscribed').then(() => {
      assert.equal(fresh.state, 'connecting');
      fresh.subscribeTo(topic, handler);
    });
    fresh.open();
    await registered;
    await untilState(fresh, 'connected');
    await settled();
    bench.lamp.publish(topic, 'one');
    await settled();
    assert.equal(handler.callCount, 1);
  });

  it('are warned of when the cloud refuses them', async () => {
    device.subscribeTo('/sys/other/device/x', () => undefined);
    await settled();
    assert.deepEqual(bench.reports.reasons, ['subscriptionRefused']);
    await cutAndBack(bench.lamp, device);
    assert.deepEqual(bench.reports.reasons, ['subscriptionRefused', 'subscriptionRefused']);
  });

  it('are there when the handlers of a connect are called, and those at once when connected', async () => {
    let times = 0;
    const stop = device.onConnect(() => {
      times += 1;
    });
    assert.equal(times, 1);
    await cutAndBack(bench.lamp, device);
    assert.equal(times, 2);
    stop();
    await cutAndBack(bench.lamp, device);
    assert.equal(times, 2);
  });
});
