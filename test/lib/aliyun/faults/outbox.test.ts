/** What a person has posted arrives, whatever the cloud, the wire and the disk do: or he is told that it does not. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sinon from 'sinon';
import type { Posted } from '../../../../lib/aliyun';
import { FileStore, MemoryStore } from '../../../../lib/aliyun/outbox';
import { MialinkError } from '../../../../lib/errors';
import { Bench, problemOf, stopTime, untilState } from '../bench';

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);

describe('Aliyun posts under faults', function () {
  this.timeout(60_000);
  let bench: Bench;
  let directory: string;

  beforeEach(async () => {
    bench = await Bench.start();
    directory = await mkdtemp(join(tmpdir(), 'mialink-outbox-'));
  });
  afterEach(async () => {
    sinon.restore();
    await bench.close();
    await rm(directory, { recursive: true, force: true });
  });

  /** The values of `n` that the cloud has got, in its order. */
  const arrived = () => bench.lamp.posts.map(({ params }) => numberIn(params));
  async function untilAll(wanted: number[]): Promise<void> {
    while (wanted.some((n) => !arrived().includes(n))) await once(bench.lamp, 'post');
  }

  describe('of a cloud that drops what is too much, without a word', () => {
    const THROTTLE = 5;

    it('fail with TIMEOUT, which says that no reply came', async () => {
      const device = await bench.connectedDevice({ uplinkRate: 0 });
      bench.cloud.knobs.throttle = THROTTLE;
      const posts = numbers(20).map((n) => device.postProperties({ n }, { timeoutMs: 200 }));
      const results = await Promise.allSettled(posts);
      const failed = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
      assert.ok(bench.lamp.throttled >= 10);
      assert.equal(failed.length, bench.lamp.throttled);
      for (const problem of failed) {
        assert.ok(problem instanceof MialinkError);
        assert.deepEqual([problem.code, problem.reason], ['TIMEOUT', 'noReply']);
        assert.match(problem.message, /did not answer property post within 200 ms/);
      }
    });

    it('all arrive, with an outbox', async () => {
      const device = await bench.connectedDevice(
        { uplinkRate: 0, timeoutMs: 200 },
        { outbox: new MemoryStore() },
      );
      bench.cloud.knobs.throttle = THROTTLE;
      const posts = await Promise.all(numbers(20).map((n) => device.postProperties({ n })));
      assert.ok(posts.some(isKept));
      await untilAll(numbers(20));
    });

    it('are not dropped at all, at a rate a little below what the cloud takes', async () => {
      const device = await bench.connectedDevice({ uplinkRate: THROTTLE - 1, timeoutMs: 10_000 });
      bench.cloud.knobs.throttle = THROTTLE;
      await Promise.all(numbers(12).map((n) => device.postProperties({ n })));
      assert.deepEqual([bench.lamp.throttled, arrived()], [0, numbers(12)]);
    });
  });

  it('arrive after a connection that is open but dead, with the outbox', async () => {
    const clock = stopTime();
    const device = await bench.connectedDevice({}, { outbox: new MemoryStore() });
    bench.lamp.freeze();
    const posts = numbers(3).map((n) => device.postProperties({ n }));
    await clock.tickAsync(3_000);
    assert.deepEqual(await Promise.all(posts), [{ queued: true }, { queued: true }, { queued: true }]);
    const lost = untilState(device, 'disconnected');
    await clock.tickAsync(10_000);
    assert.match((await lost)?.message ?? '', /silent/);
    const back = untilState(device, 'connected');
    await clock.tickAsync(1_000);
    await back;
    await untilAll(numbers(3));
    assert.deepEqual(arrived(), numbers(3));
  });

  it('have the time at which they were posted, though the reply is waited for in vain', async () => {
    const device = await bench.connectedDevice({ timeoutMs: 300 }, { outbox: new MemoryStore() });
    bench.cloud.knobs.dropReplyTo = ({ params }) => numberIn(params) === 1;
    const postedAt = Date.now();
    const post = device.postProperties({ n: 1 });
    await once(bench.lamp, 'post');
    const latest = Date.now();
    assert.deepEqual(await post, { queued: true });
    bench.cloud.knobs.dropReplyTo = null;
    while (bench.lamp.posts.length < 2) await once(bench.lamp, 'post');
    const time = bench.lamp.properties.n?.time ?? 0;
    assert.ok(time >= postedAt && time <= latest, `${time - postedAt} ms after it was posted`);
  });

  describe('on a full disk', () => {
    it('fail at once and are said to be lost, those accepted before and after arrive', async () => {
      await bench.cloud.stopBroker();
      const device = bench.device({}, { outbox: new FileStore(directory) });
      device.open();
      const accept = async (n: number) =>
        assert.deepEqual(await device.postProperties({ n }), { queued: true });
      for (const n of numbers(5)) await accept(n);
      const full = await fillDisk(directory);
      for (const n of [5, 6, 7]) {
        const problem = await problemOf(device.postProperties({ n }));
        assert.deepEqual([problem.code, problem.reason], ['TRANSPORT', 'outboxFailed']);
        assert.match(problem.message, /lamp:1@home.*ENOSPC.*free space/);
        assert.ok(problem.message.includes(directory));
      }
      assert.equal(device.waiting.kept, 5);
      full.restore();
      for (const n of [8, 9]) await accept(n);
      await bench.cloud.startBroker();
      await untilAll([0, 1, 2, 3, 4, 8, 9]);
      assert.deepEqual(arrived(), [0, 1, 2, 3, 4, 8, 9]);
    });

    it('still go to the cloud when it is there, and what is kept is delivered', async () => {
      await bench.cloud.stopBroker();
      const device = bench.device({}, { outbox: new FileStore(directory) });
      device.open();
      for (const n of numbers(3)) await device.postProperties({ n });
      await fillDisk(directory);
      await bench.cloud.startBroker();
      await untilAll(numbers(3));
      while (device.waiting.kept > 0) await once(device, 'kept');
      assert.ok(!isKept(await device.postProperties({ n: 3 })));
      assert.deepEqual(arrived(), numbers(4));
    });

    it('survive the next start: what was accepted is there, what was refused is not', async () => {
      await bench.cloud.stopBroker();
      const before = bench.device({}, { outbox: new FileStore(directory) });
      before.open();
      for (const n of numbers(3)) await before.postProperties({ n });
      const full = await fillDisk(directory);
      await problemOf(before.postProperties({ n: 99 }));
      await before.close();
      full.restore();
      await bench.cloud.startBroker();
      await bench.connectedDevice({}, { outbox: new FileStore(directory) });
      await untilAll(numbers(3));
      assert.deepEqual(arrived(), numbers(3));
    });
  });
});

/** From now on a write takes the half of its bytes, and then none: as a disk does that gets full. */
async function fillDisk(directory: string): Promise<sinon.SinonStub> {
  const any = await open(join(directory, 'any'), 'w');
  const prototype = Object.getPrototypeOf(any) as FileHandle;
  await any.close();
  const { write } = prototype;
  const hasTakenHalf = new WeakSet<FileHandle>();
  const stub = sinon.stub(prototype, 'write');
  stub.callsFake(async function (this: FileHandle, ...args: unknown[]) {
    const [bytes, offset, length, position] = args as [Buffer, number, number, number];
    const half = Math.floor(length / 2);
    if (hasTakenHalf.has(this) || half === 0) {
      hasTakenHalf.delete(this);
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    }
    hasTakenHalf.add(this);
    return Reflect.apply(write, this, [bytes, offset, half, position]);
  } as FileHandle['write']);
  return stub;
}

function isKept(posted: Posted): boolean {
  return 'queued' in posted;
}

function numberIn(params: unknown): number {
  const { n } = params as { n: number | { value: number } };
  return typeof n === 'number' ? n : n.value;
}
