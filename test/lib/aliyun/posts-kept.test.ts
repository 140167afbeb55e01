/** What becomes of posts that cannot go out at once, with an outbox: none is lost, and the cloud ends with the last. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Posted } from '../../../lib/aliyun';
import { MemoryStore } from '../../../lib/aliyun/outbox';
import { Bench, sys, untilState } from './bench';

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);
const isKept = (posted: Posted) => 'queued' in posted;

describe('Aliyun posts, with an outbox', () => {
  let bench: Bench;
  let store: MemoryStore;
  beforeEach(async () => {
    bench = await Bench.start();
    store = new MemoryStore();
  });
  afterEach(() => bench.close());

  const arrived = () => bench.lamp.posts.map(({ params }) => (params as { a: { value: number } }).a.value);
  const untilPosts = async (count: number) => {
    while (bench.lamp.posts.length < count) await once(bench.lamp, 'post');
  };

  it('above the rate are kept at once, arrive once and in order, and the cloud ends with the last', async () => {
    const device = await bench.connectedDevice({ uplinkRate: 100 }, { outbox: store });
    const posts = numbers(200).map((a) => device.postProperties({ a }));
    assert.equal(device.waiting.inLine, 0);
    const kept = (await Promise.all(posts)).filter(isKept).length;
    assert.ok(kept >= 90 && kept < 200, `${kept} are kept`);
    await untilPosts(200);
    while (device.waiting.kept > 0) await once(device, 'kept');
    assert.deepEqual(arrived(), numbers(200));
    assert.equal(bench.lamp.properties.a?.value, 199);
  });

  it('have the time of this machine however they travel, or the one they were given', async () => {
    const device = await bench.connectedDevice({}, { outbox: store });
    const before = Date.now();
    await device.postProperties({ a: 1, b: { value: 2, time: 5 }, c: { value: 3 } });
    const [post] = bench.lamp.posts;
    assert.ok(post);
    const { a, b, c } = post.params as Record<'a' | 'b' | 'c', { value: number; time: number }>;
    for (const { time } of [a, c]) assert.ok(time >= before && time <= Date.now());
    assert.deepEqual([a.value, b, c.value], [1, { value: 2, time: 5 }, 3]);
  });

  it('under way when the device is closed are kept before those behind them, and come in order when it is opened again', async () => {
    bench.cloud.knobs.dropReplies = true;
    const device = await bench.connectedDevice({}, { outbox: store });
    const posts = numbers(100).map((a) => device.postProperties({ a }));
    // Half a second's worth goes at once.
    await untilPosts(15);
    await device.close();
    assert.equal(store.length, 100);
    assert.ok((await Promise.all(posts)).every(isKept));
    bench.cloud.knobs.dropReplies = false;
    const again = await bench.connectedDevice({ uplinkRate: 0 }, { outbox: store });
    while (store.length > 0) await once(again, 'kept');
    assert.deepEqual(arrived().slice(-100), numbers(100));
    assert.equal(bench.lamp.properties.a?.value, 99);
  });

  it('are kept as they were accepted, whatever becomes of the object in the meantime', async () => {
    bench.cloud.knobs.dropReplies = true;
    const device = await bench.connectedDevice({}, { outbox: store });
    const colour = { red: 1 };
    const post = device.postProperties({ colour });
    await untilPosts(1);
    colour.red = 2;
    await device.close();
    assert.deepEqual(await post, { queued: true });
    assert.match((await store.at(0)) ?? '', /"red":1/);
  });

  it('under way to a silent broker when the device is closed are kept', async () => {
    const device = await bench.connectedDevice({}, { outbox: store });
    bench.lamp.freeze();
    const post = device.postProperties({ a: 1 });
    await device.close();
    assert.deepEqual([await post, store.length], [{ queued: true }, 1]);
  });

  it('under way when the cloud disables the device are kept as the next ones are', async () => {
    const device = await bench.connectedDevice({}, { outbox: store });
    bench.cloud.knobs.dropReplyTo = ({ method }) => method === 'thing.event.property.post';
    const underWay = device.postProperties({ a: 1 });
    await untilPosts(1);
    await bench.lamp.disable();
    await untilState(device, 'disabled');
    assert.deepEqual(await device.postProperties({ a: 2 }), { queued: true });
    assert.deepEqual(await underWay, { queued: true });
    bench.cloud.knobs.dropReplyTo = null;
    await bench.lamp.enable();
    while (store.length > 0) await once(device, 'kept');
    assert.equal(bench.lamp.properties.a?.value, 2);
  });

  it('of a struct that has a member called value keep all of it', async () => {
    const int = (identifier: string) => ({ identifier, dataType: { type: 'int', specs: {} } });
    const reading = {
      identifier: 'reading',
      dataType: { type: 'struct', specs: [int('value'), int('unit')] },
    };
    const device = bench.device({}, { outbox: store, thingModel: { properties: [reading] } });
    await device.postProperties({ reading: { value: 21, unit: 1 } });
    device.open();
    await untilPosts(1);
    assert.deepEqual(bench.lamp.properties.reading?.value, { value: 21, unit: 1 });
    const answer = once(bench.lamp, 'reply');
    bench.lamp.publish(`${sys}/thing/service/property/get`, '{"id":"9","params":["reading"]}');
    assert.deepEqual((await answer)[0].data, { reading: { value: 21, unit: 1 } });
  });
});
