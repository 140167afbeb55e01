/** The end of an outbox: nothing is sent afterwards, nobody waits, what is kept stays kept. */
import assert from 'node:assert/strict';
import sinon, { type SinonFakeTimers } from 'sinon';
import { MemoryStore } from '../../../../lib/aliyun/outbox';
import { MialinkError } from '../../../../lib/errors';
import { deferred } from '../../../../lib/wait';
import { numbers, outboxWith, post } from './posts';

describe('closing the outbox', () => {
  let clock: SinonFakeTimers;
  beforeEach(() => {
    clock = sinon.useFakeTimers();
  });
  afterEach(() => clock.restore());

  it('waits for the reply to what is under way, and records it', async () => {
    const store = new MemoryStore();
    const close = sinon.spy(store, 'close');
    const reply = deferred<void>();
    const deliver = sinon.stub().returns(reply.promise);
    const { outbox } = outboxWith({ store, deliver });
    for (const n of numbers(2)) await outbox.add(post(n));
    outbox.resume();
    await clock.tickAsync(0);
    const closing = outbox.close();
    await clock.tickAsync(1_000);
    assert.equal(close.callCount, 0);
    reply.resolve();
    await closing;
    assert.deepEqual([store.length, close.callCount, deliver.callCount], [0, 1, 2]);
  });

  it('leaves no timer and starts nothing any more', async () => {
    const deliver = sinon.stub().rejects(new MialinkError('noReply'));
    const { outbox, warnings } = outboxWith({ deliver });
    await outbox.add(post(0));
    outbox.resume();
    await clock.tickAsync(0);
    assert.equal(clock.countTimers(), 1);
    await outbox.close();
    assert.equal(clock.countTimers(), 0);
    outbox.open();
    outbox.resume();
    outbox.pause();
    outbox.resume();
    await clock.tickAsync(600_000);
    assert.deepEqual([clock.countTimers(), deliver.callCount, outbox.length], [0, 1, 1]);
    assert.deepEqual(warnings, []);
  });

  it('refuses what is added afterwards, and may be repeated', async () => {
    const { outbox } = outboxWith();
    await Promise.all([outbox.close(), outbox.close()]);
    await assert.rejects(outbox.add(post(0)), { reason: 'closed', code: 'CANCELLED' });
    await outbox.close();
  });

  it('settles what is being added, and waits for a store that is being opened', async () => {
    const store = new MemoryStore();
    const opening = deferred<void>();
    sinon.stub(store, 'open').returns(opening.promise);
    const close = sinon.spy(store, 'close');
    const { outbox } = outboxWith({ store });
    const adding = outbox.add(post(0)).then(
      () => 'kept',
      (error: MialinkError) => error.reason,
    );
    const closing = outbox.close();
    await clock.tickAsync(0);
    assert.equal(close.callCount, 0);
    opening.resolve();
    await closing;
    assert.equal(store.length, (await adding) === 'kept' ? 1 : 0);
  });

  it('does not fail with a store that does', async () => {
    const store = new MemoryStore();
    sinon.stub(store, 'close').rejects(new Error('EIO: i/o error, fsync'));
    const { outbox, warnings } = outboxWith({ store });
    await outbox.add(post(0));
    await outbox.close();
    assert.deepEqual(warnings, []);
  });
});
