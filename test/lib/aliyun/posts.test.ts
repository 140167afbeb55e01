/** What a device posts while the cloud is there, away, and back. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { MemoryStore } from '../../../lib/aliyun/outbox';
import type { MialinkError } from '../../../lib/errors';
import { acknowledged, Bench, problemOf, untilState } from './bench';

const MODEL = {
  properties: [
    { identifier: 'power', dataType: { type: 'bool', specs: {} } },
    { identifier: 'level', dataType: { type: 'int', specs: { min: '0', max: '100' } } },
  ],
  events: [
    { identifier: 'hot', outputData: [{ identifier: 'degrees', dataType: { type: 'float', specs: {} } }] },
  ],
  services: [
    {
      identifier: 'add',
      callType: 'async',
      outputData: [{ identifier: 'sum', dataType: { type: 'int', specs: {} } }],
    },
  ],
};

describe('Aliyun posts', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await Bench.start();
  });
  afterEach(() => bench.close());

  const withOutbox = () => ({ outbox: new MemoryStore() });
  /** Everything the cloud has taken, in its order. */
  const taken = () => bench.lamp.posts.map(({ params }) => params);
  const untilPosts = async (count: number) => {
    while (bench.lamp.posts.length < count) await once(bench.lamp, 'post');
  };

  it('are sent at once while the cloud is there, with an outbox too', async () => {
    const device = await bench.connectedDevice({}, withOutbox());
    assert.equal((await acknowledged(device.postProperties({ a: 1 }))).code, 200);
    assert.equal(bench.lamp.properties.a?.value, 1);
    assert.equal(device.waiting.kept, 0);
  });

  it('are kept while the cloud is away, and arrive in order with their time when it is back', async () => {
    const device = await bench.connectedDevice({}, withOutbox());
    await bench.cloud.stopBroker();
    await untilState(device, 'disconnected');
    const before = Date.now();
    assert.deepEqual(await device.postProperties({ a: 1, b: { value: 2, time: 5 } }), { queued: true });
    assert.deepEqual(await device.postEvent('hot', { degrees: 90 }), { queued: true });
    assert.deepEqual(await device.postHistory([{ a: { value: 0, time: 1 } }]), { queued: true });
    assert.deepEqual(await device.postBatch({ a: [{ value: 0, time: 2 }] }), { queued: true });
    assert.equal(device.waiting.kept, 4);
    await bench.cloud.startBroker();
    await untilPosts(4);
    const [first, event] = bench.lamp.posts;
    const posted = first?.params as { a: { value: number; time: number }; b: object };
    assert.equal(posted.a.value, 1);
    assert.ok(posted.a.time >= before && posted.a.time <= Date.now());
    assert.deepEqual(posted.b, { value: 2, time: 5 });
    assert.equal(event?.method, 'thing.event.hot.post');
    while (device.waiting.kept > 0) await once(device, 'kept');
  });

  it('that break off on the way are kept', async () => {
    const device = await bench.connectedDevice({}, withOutbox());
    bench.cloud.knobs.dropReplies = true;
    const post = device.postProperties({ a: 1 });
    await untilPosts(1);
    bench.lamp.cut();
    assert.deepEqual(await post, { queued: true });
    bench.cloud.knobs.dropReplies = false;
    await untilPosts(2);
  });

  it('queue up behind those that are kept', async () => {
    const device = await bench.connectedDevice({}, withOutbox());
    await bench.cloud.stopBroker();
    await untilState(device, 'disconnected');
    for (let post = 0; post < 20; post++) await device.postProperties({ a: post });
    await bench.cloud.startBroker();
    await untilState(device, 'connected');
    await device.postProperties({ a: 20 });
    await untilPosts(21);
    const values = bench.lamp.posts.map(({ params }) => (params as { a: { value: number } | number }).a);
    assert.deepEqual(
      values.map((value) => (typeof value === 'number' ? value : value.value)),
      Array.from({ length: 21 }, (_, post) => post),
    );
  });

  it('that the cloud refuses for good are told with their source, and those behind them arrive', async () => {
    const device = await bench.connectedDevice({}, withOutbox());
    await bench.cloud.stopBroker();
    await untilState(device, 'disconnected');
    await device.postProperties({ a: null }, { source: 'n1' });
    await device.postProperties({ b: 1 });
    const refused = once(device, 'refused');
    await bench.cloud.startBroker();
    const [entry, problem] = (await refused) as [{ source?: string }, MialinkError];
    assert.deepEqual([entry.source, problem.code, problem.peer?.code], ['n1', 'DEVICE', 460]);
    while (!('b' in bench.lamp.properties)) await once(bench.lamp, 'post');
  });

  it('are not kept when the sign-in is refused, or the device is closed', async () => {
    const device = bench.device({ deviceSecret: 'wrong' }, withOutbox());
    device.open();
    await untilState(device, 'refused');
    assert.equal((await problemOf(device.postProperties({ a: 1 }))).code, 'AUTH');
    await device.close();
    assert.equal((await problemOf(device.postProperties({ a: 1 }))).code, 'CANCELLED');
  });

  it('are kept while the device is disabled', async () => {
    const device = await bench.connectedDevice({}, withOutbox());
    await bench.lamp.disable();
    while (bench.lamp.online) await once(bench.lamp, 'offline');
    assert.deepEqual(await device.postProperties({ a: 1 }), { queued: true });
    await bench.lamp.enable();
    await untilPosts(1);
  });

  it('are checked and converted by the thing model', async () => {
    const device = await bench.connectedDevice({}, { thingModel: MODEL });
    await device.postProperties({ power: true, level: 7 });
    assert.deepEqual(taken(), [{ power: 1, level: 7 }]);
    const range = await problemOf(device.postProperties({ level: 101 }));
    assert.deepEqual([range.reason, range.values.identifier], ['modelViolation', 'level']);
    assert.equal((await problemOf(device.postProperties({ colour: 1 }))).reason, 'identifierUnknown');
    assert.equal((await problemOf(device.postEvent('cold', {}))).reason, 'identifierUnknown');
    assert.equal((await problemOf(device.postEvent('hot', { degrees: 'x' }))).reason, 'modelViolation');
    assert.equal(taken().length, 1);
  });

  it('are checked by the model that the cloud gives, once it has given it', async () => {
    bench.lamp.setModel(MODEL);
    const device = await bench.connectedDevice({}, { thingModel: 'cloud' });
    while (!device.model) await new Promise(setImmediate);
    assert.equal((await problemOf(device.postProperties({ level: -1 }))).reason, 'modelViolation');
    const { data } = await device.getDesired([]);
    assert.deepEqual(data, {});
    assert.deepEqual(bench.lamp.posts.at(-1)?.params, ['power', 'level']);
  });

  it('pass unchecked when the cloud has no model to give, which is warned of', async () => {
    const device = await bench.connectedDevice({}, { thingModel: 'cloud' });
    assert.equal((await acknowledged(device.postProperties({ anything: 1 }))).code, 200);
    while (bench.reports.reasons.length === 0) await new Promise(setImmediate);
    assert.deepEqual(bench.reports.reasons, ['cloudRefused']);
  });

  it('of a service are checked by the thing model too', async () => {
    const device = await bench.connectedDevice({}, { thingModel: MODEL });
    const called = new Promise<{ id: string; topic: string; service: string }>((resolve) => {
      device.onService('add', resolve);
    });
    const answer = bench.lamp.invokeService('add', {});
    const call = await called;
    const wrong = await problemOf(device.answer(call, { data: { sum: 'three' } }));
    assert.deepEqual([wrong.reason, wrong.values.identifier], ['modelViolation', 'add.sum']);
    await device.answer(call, { data: { sum: 3 } });
    assert.deepEqual(await answer, { code: 200, data: { sum: 3 } });
  });

  it('above the rate wait in a line that can be seen, and fail when their turn does not come', async () => {
    const device = await bench.connectedDevice({ uplinkRate: 5, timeoutMs: 300 });
    const posts = Array.from({ length: 10 }, (_, post) => device.postProperties({ a: post }));
    assert.ok(device.waiting.inLine >= 5);
    const settled = await Promise.allSettled(posts);
    const late = settled.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
    assert.ok(late.length >= 3);
    assert.deepEqual([...new Set(late.map(({ reason }) => reason))], ['uplinkBusy']);
    assert.equal(device.waiting.inLine, 0);
  });

  it('whose turn would leave no time for the reply are not sent, as they would be carried out and fail', async () => {
    const device = await bench.connectedDevice({ timeoutMs: 1_000 });
    bench.cloud.knobs.delayRepliesMs = 100;
    const posts = Array.from({ length: 70 }, (_, post) => device.postProperties({ a: post }));
    const settled = await Promise.allSettled(posts);
    const late = settled.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
    assert.deepEqual([...new Set(late.map(({ reason }) => reason))], ['uplinkBusy']);
    assert.equal(bench.lamp.posts.length, 70 - late.length);
  });
});
