/** What the cloud shows after a property set, and what it is told when it asks for a property. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AliyunDevice } from '../../../lib/aliyun';
import { Bench, settle, sys } from './bench';

describe('Aliyun properties', () => {
  let bench: Bench;
  let device: AliyunDevice;

  beforeEach(async () => {
    bench = await Bench.start();
    device = await bench.connectedDevice();
  });
  afterEach(() => bench.close());

  it('that were set are posted after the answer, where that is wished', async () => {
    const order: string[] = [];
    bench.lamp.on('reply', () => order.push('answered'));
    bench.lamp.on('post', () => order.push('posted'));
    device.onPropertySet('auto', () => undefined, { echo: true });
    const posted = once(bench.lamp, 'post');
    await bench.lamp.setProperties({ power: 1 });
    await posted;
    assert.deepEqual(order, ['answered', 'posted']);
    assert.equal(bench.lamp.properties.power?.value, 1);
  });

  it('that were set are not posted when somebody answers by hand', async () => {
    device.onPropertySet('auto', () => undefined, { echo: true });
    device.onPropertySet('manual', (set) => device.answer(set));
    await bench.lamp.setProperties({ power: 1 });
    await settle(bench.lamp);
    assert.deepEqual(bench.lamp.properties, {});
  });

  it('that cannot be posted as an echo are warned of', async () => {
    device.onPropertySet('auto', () => undefined, { echo: true });
    bench.cloud.knobs.replyCode = 6306;
    await bench.lamp.setProperties({ power: 1 });
    await settle(bench.lamp);
    assert.deepEqual(bench.reports.reasons, ['cloudRefused']);
  });

  it('are told as they were posted last when the cloud asks for them', async () => {
    await device.postProperties({ power: 1, level: { value: 7, time: 1_000 } });
    await device.postProperties({ power: 0 });
    const replied = once(bench.lamp, 'reply');
    const params = ['power', 'level', 'never', '__proto__', 5];
    bench.lamp.publish(`${sys}/thing/service/property/get`, JSON.stringify({ id: '9', params }));
    const [{ topic, code, data }] = await replied;
    assert.deepEqual(
      [topic, code, data],
      [`${sys}/thing/service/property/get_reply`, 200, { power: 0, level: 7 }],
    );
  });
});
