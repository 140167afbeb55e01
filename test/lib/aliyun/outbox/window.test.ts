/** Several posts under way at a time, when a reply takes its time. */
import assert from 'node:assert/strict';
import sinon, { type SinonFakeTimers } from 'sinon';
import { MemoryStore, type OutboxEntry } from '../../../../lib/aliyun/outbox';
import { MialinkError } from '../../../../lib/errors';
import { type Deferred, deferred } from '../../../../lib/wait';
import { numberOf, numbers, outboxWith, post } from './posts';

describe('the posts of an outbox that are under way', () => {
  let clock: SinonFakeTimers;
  beforeEach(() => {
    clock = sinon.useFakeTimers();
  });
  afterEach(() => clock.restore());

  /** An outbox with so many posts, of which the test settles each by its number. */
  async function outboxOf(count: number) {
    const sent: number[] = [];
    const replies = new Map<number, Deferred<void>>();
    const deliver = (entry: OutboxEntry) => {
      const reply = deferred<void>();
      sent.push(numberOf(entry));
      replies.set(numberOf(entry), reply);
      return reply.promise;
    };
    const store = new MemoryStore();
    const box = outboxWith({ store, deliver });
    for (const n of numbers(count)) await box.outbox.add(post(n));
    const settle = async (n: number, problem?: MialinkError) => {
      if (problem) replies.get(n)?.reject(problem);
      else replies.get(n)?.resolve();
      await clock.tickAsync(0);
    };
    box.outbox.resume();
    await clock.tickAsync(0);
    return { ...box, store, sent, settle };
  }

  it('are 16, in order, and with each reply one more', async () => {
    const { outbox, sent, settle } = await outboxOf(20);
    assert.deepEqual(sent, numbers(16));
    await settle(0);
    await settle(1);
    assert.deepEqual([sent, outbox.length], [numbers(18), 18]);
    for (const n of numbers(18, 2)) await settle(n);
    assert.deepEqual([sent, outbox.length], [numbers(20), 0]);
    await outbox.close();
  });

  it('leave the store in order: one that was answered waits for those before it', async () => {
    const { outbox, store, sent, settle } = await outboxOf(20);
    for (const n of numbers(15, 1)) await settle(n);
    assert.deepEqual(
      [sent, outbox.length],
      [numbers(16), 20],
      'no more than 16 may come twice after a crash',
    );
    assert.match((await store.at(0)) ?? '', /"n":0/);
    await settle(0);
    assert.deepEqual([sent, outbox.length], [numbers(20), 4]);
    for (const n of numbers(4, 16)) await settle(n);
    assert.equal(outbox.length, 0);
    await outbox.close();
  });

  it('begin again with the oldest after a failure, when all are settled; none twice that was answered', async () => {
    const { outbox, sent, settle } = await outboxOf(5);
    await settle(1);
    await settle(0, new MialinkError('noReply'));
    await settle(2, new MialinkError('noReply'));
    await settle(3);
    await clock.tickAsync(10_000);
    assert.deepEqual(sent, numbers(5), 'one is not settled yet');
    await settle(4);
    await clock.tickAsync(1_000);
    assert.deepEqual(sent, [...numbers(5), 0, 2]);
    await settle(0);
    await settle(2);
    assert.deepEqual([sent.length, outbox.length], [7, 0]);
    await outbox.close();
  });

  it('are kept when the connection breaks, but for those that were answered', async () => {
    const { outbox, sent, settle } = await outboxOf(3);
    await settle(1);
    outbox.pause();
    await settle(0, new MialinkError('connectionLost'));
    await settle(2, new MialinkError('connectionLost'));
    outbox.resume();
    await clock.tickAsync(0);
    assert.deepEqual([sent, outbox.length], [[0, 1, 2, 0, 2], 3]);
    await settle(0);
    await settle(2);
    assert.equal(outbox.length, 0);
    await outbox.close();
  });
});
