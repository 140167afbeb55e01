/** Delivery: in order, each until its reply, and again after what may pass. */
import assert from 'node:assert/strict';
import sinon, { type SinonFakeTimers } from 'sinon';
import { MemoryStore, type OutboxEntry } from '../../../../lib/aliyun/outbox';
import { MialinkError } from '../../../../lib/errors';
import { type Deferred, deferred } from '../../../../lib/wait';
import { emptied, numberOf, numbers, outboxWith, post, refusal } from './posts';

describe('the outbox', () => {
  let clock: SinonFakeTimers;
  beforeEach(() => {
    clock = sinon.useFakeTimers();
  });
  afterEach(() => clock.restore());

  /** A cloud whose replies the test gives. */
  function cloudByHand() {
    const sent: number[] = [];
    const replies: Deferred<void>[] = [];
    const deliver = (entry: OutboxEntry) => {
      const reply = deferred<void>();
      sent.push(numberOf(entry));
      replies.push(reply);
      return reply.promise;
    };
    const reply = async (problem?: Error) => {
      const next = replies.shift();
      if (problem) next?.reject(problem);
      else next?.resolve();
      await clock.tickAsync(0);
    };
    return { sent, deliver, reply };
  }

  it('keeps while the cloud is away and delivers in order when it is back', async () => {
    const { outbox, delivered } = outboxWith();
    for (const n of numbers(5)) await outbox.add(post(n));
    await clock.tickAsync(600_000);
    assert.deepEqual([outbox.length, delivered], [5, []]);
    outbox.resume();
    await emptied(outbox);
    assert.deepEqual(delivered, numbers(5));
    await outbox.add(post(5));
    await emptied(outbox);
    assert.deepEqual(delivered, numbers(6));
    await outbox.close();
  });

  it('delivers each as it was when it was added', async () => {
    const got: OutboxEntry[] = [];
    const { outbox } = outboxWith({ deliver: async (entry) => got.push(entry) });
    const topic = '/sys/pk/dn/thing/event/alarm/post';
    const params = { value: { level: 3 }, time: 7 };
    const entry: OutboxEntry = { ...post(1), kind: 'event', topic, params };
    const before = structuredClone(entry);
    await outbox.add(entry);
    params.value.level = 4;
    outbox.resume();
    await emptied(outbox);
    assert.deepEqual(got, [before]);
    await outbox.close();
  });

  it('sends the next one only after the reply to the one before, if it would have to stand in line', async () => {
    const { sent, deliver, reply } = cloudByHand();
    const { outbox } = outboxWith({ deliver, mayGoNow: () => false });
    for (const n of numbers(3)) await outbox.add(post(n));
    outbox.resume();
    await clock.tickAsync(1_000);
    assert.deepEqual([sent, outbox.length], [[0], 3]);
    await reply();
    assert.deepEqual([sent, outbox.length], [[0, 1], 2]);
    await reply();
    await reply();
    assert.deepEqual([sent, outbox.length], [numbers(3), 0]);
    await outbox.close();
  });

  it('tries again, with growing pauses, what the cloud is too busy for', async () => {
    const { sent, deliver, reply } = cloudByHand();
    const { outbox, refused } = outboxWith({ deliver, mayGoNow: () => false });
    await outbox.add(post(0));
    await outbox.add(post(1));
    outbox.resume();
    await clock.tickAsync(0);
    await reply(refusal(429));
    await clock.tickAsync(999);
    assert.deepEqual(sent, [0]);
    await clock.tickAsync(1);
    await reply(refusal(500));
    // One more is no reason to be impatient.
    await outbox.add(post(2));
    await clock.tickAsync(1_999);
    assert.deepEqual(sent, [0, 0]);
    await clock.tickAsync(1);
    await reply();
    await reply(refusal(429));
    await clock.tickAsync(1_000);
    await reply();
    await reply();
    assert.deepEqual([sent, refused, outbox.length], [[0, 0, 0, 1, 1, 2], [], 0]);
    await outbox.close();
  });

  it('reports and removes what the cloud will never take, and goes on', async () => {
    const { sent, deliver, reply } = cloudByHand();
    const { outbox, refused } = outboxWith({ deliver });
    for (const n of numbers(3)) await outbox.add(post(n));
    outbox.resume();
    await clock.tickAsync(0);
    await reply(refusal(6306));
    await reply(new MialinkError('payloadInvalid'));
    await reply();
    assert.deepEqual(sent, numbers(3));
    assert.deepEqual(refused, [
      [0, 6306],
      [1, undefined],
    ]);
    assert.equal(outbox.length, 0);
    await outbox.close();
  });

  it('keeps what was under way when the connection broke, and sends it first after the next connect', async () => {
    const { sent, deliver, reply } = cloudByHand();
    const { outbox } = outboxWith({ deliver, mayGoNow: () => false });
    for (const n of numbers(2)) await outbox.add(post(n));
    outbox.resume();
    await clock.tickAsync(0);
    outbox.pause();
    await reply(new MialinkError('connectionLost'));
    await outbox.add(post(2));
    await clock.tickAsync(600_000);
    assert.deepEqual([sent, outbox.length], [[0], 3]);
    outbox.resume();
    await clock.tickAsync(0);
    for (const _ of numbers(3)) await reply();
    assert.deepEqual(sent, [0, 0, 1, 2]);
    await outbox.close();
  });

  it('sends nothing more while it is paused, though a reply comes', async () => {
    const { sent, deliver, reply } = cloudByHand();
    const { outbox } = outboxWith({ deliver, mayGoNow: () => false });
    for (const n of numbers(2)) await outbox.add(post(n));
    outbox.resume();
    await clock.tickAsync(0);
    outbox.pause();
    await reply();
    assert.deepEqual([sent, outbox.length], [[0], 1]);
    await outbox.close();
  });

  it('sends nothing if it is paused at once', async () => {
    const { sent, deliver } = cloudByHand();
    const { outbox } = outboxWith({ deliver });
    await outbox.add(post(0));
    outbox.resume();
    outbox.pause();
    await clock.tickAsync(1_000);
    outbox.resume();
    await Promise.resolve();
    outbox.pause();
    await clock.tickAsync(1_000);
    assert.deepEqual([sent, outbox.length], [[], 1]);
    await outbox.close();
  });

  it('overlooks none that is added while it finds itself empty', async () => {
    for (let turns = 0; turns < 30; turns++) {
      const { outbox, delivered } = outboxWith();
      outbox.resume();
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      await outbox.add(post(turns));
      await clock.tickAsync(0);
      assert.deepEqual(delivered, [turns], `after ${turns} turns`);
      await outbox.close();
    }
  });

  it('does not wait any longer when it is connected anew', async () => {
    const { sent, deliver, reply } = cloudByHand();
    const { outbox } = outboxWith({ deliver });
    await outbox.add(post(0));
    for (const problem of [new MialinkError('noReply'), refusal(429), new MialinkError('signInRefused')]) {
      outbox.resume();
      await clock.tickAsync(0);
      await reply(problem);
    }
    assert.deepEqual(sent, [0, 0, 0]);
    // And is patient from the beginning.
    await clock.tickAsync(1_000);
    await reply();
    assert.deepEqual([sent, outbox.length, clock.countTimers()], [[0, 0, 0, 0], 0, 0]);
    await outbox.close();
  });

  it('survives a cloud, a listener and a store that throw what they should not', async () => {
    let tries = 0;
    const deliver = () => {
      tries += 1;
      if (tries === 1) throw new TypeError('a mistake of ours');
      return Promise.resolve();
    };
    const store = new MemoryStore();
    const { outbox, warnings } = outboxWith({ deliver, store });
    outbox.on('change', () => {
      throw new Error('a listener’s');
    });
    await outbox.add(post(0));
    const first = sinon.stub(store, 'at').rejects(new Error('EIO: i/o error, read'));
    outbox.resume();
    await clock.tickAsync(1_000);
    await clock.tickAsync(2_000);
    assert.equal(tries, 0);
    assert.deepEqual(
      warnings.map(({ message }) => message),
      [
        'Lamp: the outbox cannot use memory: EIO: i/o error, read; check the directory, and the free space of its disk',
      ],
    );
    first.restore();
    await clock.tickAsync(4_000);
    await clock.tickAsync(8_000);
    assert.deepEqual([tries, outbox.length], [2, 0]);
    await outbox.close();
  });

  it('says that a new post has to queue up, also before the store is open', async () => {
    const store = new MemoryStore();
    const opening = deferred<void>();
    sinon.stub(store, 'open').returns(opening.promise);
    const { outbox } = outboxWith({ store });
    assert.ok(outbox.isEmpty);
    outbox.open();
    assert.ok(!outbox.isEmpty);
    const adding = outbox.add(post(0));
    opening.resolve();
    await adding;
    assert.ok(!outbox.isEmpty);
    outbox.resume();
    await emptied(outbox);
    assert.ok(outbox.isEmpty);
    await outbox.close();
  });

  it('opens its store again after a failure', async () => {
    const store = new MemoryStore();
    const open = sinon.stub(store, 'open').rejects(new Error('EACCES: permission denied'));
    const { outbox, delivered, warnings } = outboxWith({ store });
    outbox.open();
    await assert.rejects(outbox.add(post(0)), { reason: 'outboxFailed', code: 'TRANSPORT' });
    assert.deepEqual([outbox.length, warnings.length, outbox.isEmpty], [0, 1, true]);
    open.restore();
    await outbox.add(post(1));
    outbox.resume();
    await emptied(outbox);
    assert.deepEqual(delivered, [1]);
    await outbox.close();
  });

  it('counts a post that was rejected as not kept', async () => {
    const store = new MemoryStore();
    const { outbox, delivered } = outboxWith({ store });
    const append = sinon.stub(store, 'append').rejects(new Error('ENOSPC: no space left on device, write'));
    await assert.rejects(outbox.add(post(0)), { reason: 'outboxFailed' });
    append.restore();
    await assert.rejects(outbox.add({ ...post(0), params: undefined }), { reason: 'payloadInvalid' });
    await outbox.add(post(1));
    outbox.resume();
    await emptied(outbox);
    assert.deepEqual(delivered, [1]);
    await outbox.close();
  });
});
