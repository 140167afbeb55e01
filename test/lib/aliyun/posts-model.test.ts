/** Posts of a device whose thing model is asked of the cloud: what is posted before it is there is checked by it too. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { MemoryStore } from '../../../lib/aliyun/outbox';
import type { MialinkError } from '../../../lib/errors';
import { acknowledged, Bench, problemOf, untilState } from './bench';

const MODEL = {
  properties: [{ identifier: 'power', dataType: { type: 'bool', specs: {} } }],
  events: [{ identifier: 'hot', outputData: [{ identifier: 'sun', dataType: { type: 'bool', specs: {} } }] }],
  services: [
    { identifier: 'see', callType: 'async', outputData: [{ identifier: 'sun', dataType: { type: 'bool' } }] },
  ],
};

describe('Aliyun posts before the cloud has given the thing model', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await Bench.start();
    bench.lamp.setModel(MODEL);
    bench.cloud.knobs.validation = 'strict';
  });
  afterEach(() => bench.close());

  const fromCloud = { thingModel: 'cloud' };
  const fromCloudWithOutbox = () => ({ ...fromCloud, outbox: new MemoryStore() });
  const isModelRequest = ({ method }: { method: string }) => method === 'thing.dsltemplate.get';
  /** Of the posts that the cloud has got. */
  const paramsOf = (method: string) =>
    bench.lamp.posts.filter((post) => post.method === method).map(({ params }) => params);
  /** The next so many of its requests get no reply. */
  const loseModel = (times: number) => {
    let left = times;
    bench.cloud.knobs.dropReplyTo = (post) => isModelRequest(post) && left-- > 0;
  };

  it('are sent when it is there, converted', async () => {
    const device = bench.device({}, fromCloud);
    device.open();
    await Promise.all([
      acknowledged(device.postProperties({ power: true })),
      acknowledged(device.postEvent('hot', { sun: false })),
      acknowledged(device.postHistory([{ power: { value: true, time: 1 } }])),
      acknowledged(device.postBatch({ power: [{ value: false, time: 2 }] })),
    ]);
    assert.deepEqual(paramsOf('thing.event.property.post'), [{ power: 1 }]);
    assert.deepEqual(
      paramsOf('thing.event.hot.post').map((params) => (params as { value: object }).value),
      [{ sun: 0 }],
    );
    const [history] = paramsOf('thing.event.property.history.post') as [{ properties: object }[]];
    assert.deepEqual(history[0]?.properties, [{ power: { value: 1, time: 1 } }]);
    assert.deepEqual(paramsOf('thing.event.property.batch.post'), [
      { properties: { power: [{ value: 0, time: 2 }] } },
    ]);
  });

  it('are refused when it is there and does not have them', async () => {
    const device = bench.device({}, fromCloud);
    device.open();
    assert.equal((await problemOf(device.postProperties({ colour: 1 }))).reason, 'identifierUnknown');
    assert.deepEqual(paramsOf('thing.event.property.post'), []);
  });

  it('are kept by an outbox, and converted when they are delivered', async () => {
    const device = bench.device({}, fromCloudWithOutbox());
    device.open();
    assert.deepEqual(await device.postProperties({ power: { value: true, time: 7 } }), { queued: true });
    assert.deepEqual(await device.postEvent('hot', { sun: true }), { queued: true });
    while (device.waiting.kept > 0) await once(device, 'kept');
    assert.deepEqual(paramsOf('thing.event.property.post'), [{ power: { value: 1, time: 7 } }]);
    assert.deepEqual((paramsOf('thing.event.hot.post')[0] as { value: object }).value, { sun: 1 });
  });

  it('are kept by an outbox although it is connected already', async () => {
    bench.cloud.knobs.delayRepliesMs = 100;
    const device = await bench.connectedDevice({}, fromCloudWithOutbox());
    assert.deepEqual(await device.postProperties({ power: true }), { queued: true });
    while (device.waiting.kept > 0) await once(device, 'kept');
    assert.equal(bench.lamp.properties.power?.value, 1);
  });

  it('are kept by an outbox and told as refused if it does not have them', async () => {
    const device = bench.device({}, fromCloudWithOutbox());
    const refused = once(device, 'refused');
    device.open();
    await device.postProperties({ colour: 1 }, { source: 'n1' });
    await device.postProperties({ power: true });
    const [entry, problem] = (await refused) as [{ source?: string }, MialinkError];
    assert.deepEqual([entry.source, problem.reason], ['n1', 'identifierUnknown']);
    while (device.waiting.kept > 0) await once(device, 'kept');
    assert.equal(bench.lamp.properties.power?.value, 1);
  });

  it('wait in the outbox for a model whose first reply got lost', async () => {
    loseModel(1);
    const device = bench.device({ timeoutMs: 300 }, fromCloudWithOutbox());
    device.open();
    await device.postProperties({ power: true });
    while (device.waiting.kept > 0) await once(device, 'kept');
    assert.equal(bench.lamp.properties.power?.value, 1);
    assert.deepEqual(bench.reports.reasons, ['noReply']);
  });

  it('wait half of their time, then they go unchecked; the model is asked for again', async () => {
    loseModel(1);
    bench.cloud.knobs.validation = 'none';
    const device = await bench.connectedDevice({ timeoutMs: 400 }, fromCloud);
    await acknowledged(device.postProperties({ colour: 1 }));
    assert.deepEqual(paramsOf('thing.event.property.post'), [{ colour: 1 }]);
    while (!device.model) await new Promise(setImmediate);
    assert.equal((await problemOf(device.postProperties({ colour: 1 }))).reason, 'identifierUnknown');
  });

  it('fail at once when the sign-in is refused', async () => {
    const device = bench.device({ deviceSecret: 'wrong' }, fromCloud);
    device.open();
    assert.equal((await problemOf(device.postProperties({ power: true }))).code, 'AUTH');
  });

  it('fail when their time is over or the device is closed', async () => {
    const device = bench.device({ timeoutMs: 50 }, fromCloud);
    assert.equal((await problemOf(device.postProperties({ power: true }))).reason, 'notConnected');
    const post = problemOf(device.postProperties({ power: true }));
    await device.close();
    assert.equal((await post).reason, 'closed');
  });

  it('are checked by the last model after the connection was lost', async () => {
    const device = await bench.connectedDevice({}, fromCloudWithOutbox());
    while (!device.model) await new Promise(setImmediate);
    await bench.cloud.stopBroker();
    await untilState(device, 'disconnected');
    assert.equal((await problemOf(device.postProperties({ colour: 1 }))).reason, 'identifierUnknown');
  });

  it('are waited for by a desired get of all properties too', async () => {
    const device = bench.device({}, fromCloud);
    device.open();
    await device.getDesired([]);
    assert.deepEqual(paramsOf('thing.property.desired.get'), [['power']]);
  });

  it('keep a desired delete back until it is there, which knows no other property', async () => {
    const device = bench.device({}, fromCloud);
    device.open();
    const problem = await problemOf(device.deleteDesired({ colour: {} }));
    assert.deepEqual([problem.code, problem.reason], ['CONFIG', 'identifierUnknown']);
    assert.deepEqual(paramsOf('thing.property.desired.delete'), []);
    await device.deleteDesired({ power: {} });
    assert.deepEqual(paramsOf('thing.property.desired.delete'), [{ power: {} }]);
  });
});
