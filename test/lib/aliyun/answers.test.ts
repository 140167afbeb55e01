/** What the device answers to the cloud: when it goes, and what becomes of it on a broker that gives it back. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AliyunDevice } from '../../../lib/aliyun';
import { Bench, settle, sys, untilState } from './bench';

describe('Aliyun answers', () => {
  let bench: Bench;

  beforeEach(async () => {
    bench = await Bench.start();
  });
  afterEach(() => bench.close());

  /** Many more posts than may go at once. */
  const queue = (device: AliyunDevice) => {
    for (let n = 0; n < 100; n++) device.postProperties({ n }).catch(() => undefined);
  };

  it('to an RRPC go ahead of the posts that stand in line', async () => {
    const device = await bench.connectedDevice();
    device.rrpc.onCall((call) => void device.rrpc.answer(call, 'pong'));
    await settle(bench.lamp);
    queue(device);
    assert.equal(String(await bench.lamp.rrpc('ping')), 'pong');
    assert.ok(device.waiting.inLine > 0, 'posts still wait');
  });

  it('in great number do not keep back what follows them', async () => {
    const device = await bench.connectedDevice();
    device.onPropertySet('auto', () => undefined);
    for (let n = 0; n < 300; n++) {
      const set = JSON.stringify({ id: `${n}`, params: { n } });
      bench.lamp.publish(`${sys}/thing/service/property/set`, set);
    }
    await settle(bench.lamp);
    await device.publish(`/${sys.slice('/sys/'.length)}/user/update`, 'still there');
  });

  it('that say what was wrong are no calls when a broker gives them back', async () => {
    const device = await bench.connectedDevice();
    const calls: unknown[] = [];
    device.onService('', (call) => calls.push(call));
    const topic = `/ext/rrpc/77${sys}/thing/service/reboot`;
    const replied = once(bench.lamp, 'reply');
    bench.lamp.publish(topic, '{"id":"5","params":[1]}');
    const [{ id, code, data }] = await replied;
    assert.deepEqual([id, code], ['5', 460]);
    bench.lamp.publish(topic, JSON.stringify({ id, code, data }));
    await settle(bench.lamp);
    assert.deepEqual(calls, []);
  });

  it('of the cloud’s bootstrap serve until it wants to be asked again: answered, and connected anew', async () => {
    const authEndpoint = `127.0.0.1:${bench.cloud.authPort}`;
    const device = await bench.connectedDevice({ bootstrap: true, authEndpoint });
    const asked = () => bench.cloud.auth.requests.length;
    assert.equal(asked(), 1);
    const replied = once(bench.lamp, 'reply');
    const lost = untilState(device, 'disconnected');
    bench.lamp.publish(`${sys}/thing/bootstrap/notify`, '{"id":"9","version":"1.0","params":{"cmd":0}}');
    const [{ topic, id, code }] = await replied;
    assert.deepEqual([topic, id, code], [`${sys}/thing/bootstrap/notify_reply`, '9', 200]);
    assert.equal((await lost)?.reason, 'connectionLost');
    await untilState(device, 'connected');
    assert.equal(asked(), 2);
    assert.deepEqual(bench.reports.warnings, []);
  });
});
