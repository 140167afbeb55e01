/** The bounds of the outbox: room and age; the oldest goes first, and is counted. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import sinon, { type SinonFakeTimers } from 'sinon';
import { MemoryStore, type OutboxStore } from '../../../../lib/aliyun/outbox';
import { deferred } from '../../../../lib/wait';
import { emptied, numberOf, numbers, outboxWith, post } from './posts';

const HOUR_MS = 3_600_000;

describe('the bounds of the outbox', () => {
  let clock: SinonFakeTimers;
  beforeEach(() => {
    clock = sinon.useFakeTimers({ now: Date.UTC(2026, 10, 21) });
  });
  afterEach(() => clock.restore());

  /** What the post with number 1 takes up. */
  async function sizeOfOne(): Promise<number> {
    const store: OutboxStore = new MemoryStore();
    await outboxWith({ store }).outbox.add(post(1));
    return store.bytes;
  }

  it('drops the oldest for want of room, counts them, and warns of it', async () => {
    const maxBytes = 3 * (await sizeOfOne());
    const { outbox, delivered, dropped, warnings } = outboxWith({ maxBytes });
    for (const n of numbers(8)) await outbox.add(post(n));
    assert.deepEqual([outbox.length, outbox.dropped, dropped], [3, 5, [1, 1, 1, 1, 1]]);
    assert.deepEqual(
      warnings.map(({ reason, code }) => [reason, code]),
      [['outboxDropped', 'CONFIG']],
    );
    outbox.resume();
    await emptied(outbox);
    assert.deepEqual(delivered, [5, 6, 7]);
    await outbox.close();
  });

  it('never takes up more than its room, and keeps the youngest', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(400), { maxLength: 60 }), fc.nat(3_000), async (lengths, maxBytes) => {
        const store = new MemoryStore();
        const { outbox, delivered } = outboxWith({ store, maxBytes });
        for (const [n, length] of lengths.entries()) {
          await outbox.add({ ...post(n), params: { n, text: 'x'.repeat(length) } });
          assert.ok(store.bytes <= maxBytes || store.length === 1);
        }
        outbox.resume();
        await emptied(outbox);
        assert.equal(outbox.dropped + delivered.length, lengths.length);
        assert.deepEqual(delivered, numbers(delivered.length, outbox.dropped));
        await outbox.close();
      }),
    );
  });

  it('drops what is too old when the cloud is back, and when one is added', async () => {
    const { outbox, delivered, warnings, dropped } = outboxWith({ maxAgeMs: HOUR_MS });
    await outbox.add(post(0));
    await clock.tickAsync(HOUR_MS / 2);
    await outbox.add(post(1));
    await clock.tickAsync(HOUR_MS / 2);
    await outbox.add(post(2));
    assert.equal(outbox.length, 3, 'an hour is not more than an hour');
    await clock.tickAsync(1);
    await outbox.add(post(3));
    assert.deepEqual([outbox.length, outbox.dropped], [3, 1]);
    await clock.tickAsync(HOUR_MS / 2);
    outbox.resume();
    await emptied(outbox);
    assert.deepEqual([delivered, dropped, outbox.dropped], [[2, 3], [1, 1], 2]);
    assert.deepEqual(
      warnings.map(({ message }) => message),
      [
        'Lamp: posts in the outbox are older than 1 h, and are dropped, 1 so far; see why the cloud is away, or allow more',
        'Lamp: posts in the outbox are older than 1 h, and are dropped, 2 so far; see why the cloud is away, or allow more',
      ],
    );
    await outbox.close();
  });

  it('keeps for ever without a bound of age, and what a wrong clock dates into the future', async () => {
    const ever = outboxWith();
    await ever.outbox.add(post(0));
    const bounded = outboxWith({ maxAgeMs: HOUR_MS });
    await bounded.outbox.add(post(0, Date.now() + 400 * 24 * HOUR_MS));
    await clock.tickAsync(10 * 365 * 24 * HOUR_MS);
    for (const { outbox, delivered } of [ever]) {
      outbox.resume();
      await emptied(outbox);
      assert.deepEqual(delivered, [0]);
    }
    clock.setSystemTime(Date.UTC(2026, 10, 22));
    bounded.outbox.resume();
    await emptied(bounded.outbox);
    assert.deepEqual(bounded.delivered, [0]);
    await Promise.all([ever.outbox.close(), bounded.outbox.close()]);
  });

  it('drops nothing of this process for a clock that is set', async () => {
    const { outbox, delivered } = outboxWith({ maxAgeMs: HOUR_MS });
    for (const n of numbers(3)) await outbox.add(post(n));
    clock.setSystemTime(Date.now() + 30 * 24 * HOUR_MS);
    await clock.tickAsync(HOUR_MS);
    await outbox.add(post(3));
    outbox.resume();
    await emptied(outbox);
    assert.deepEqual([delivered, outbox.dropped], [numbers(4), 0]);
    await outbox.close();
  });

  it('leaves what a former process kept an hour, however old the clock says it is', async () => {
    const store = new MemoryStore();
    const old = outboxWith({ store });
    await old.outbox.add(post(0));
    await old.outbox.close();
    clock.setSystemTime(Date.now() + 30 * 24 * HOUR_MS);
    const { outbox } = outboxWith({ store, maxAgeMs: 24 * HOUR_MS });
    await outbox.add(post(1));
    await clock.tickAsync(HOUR_MS);
    await outbox.add(post(2));
    assert.equal(outbox.dropped, 0);
    await clock.tickAsync(1);
    await outbox.add(post(3));
    assert.deepEqual([outbox.dropped, outbox.length], [1, 3]);
    await outbox.close();
  });

  it('accept a post also when the old ones cannot be looked at', async () => {
    const store = new MemoryStore();
    const { outbox, warnings } = outboxWith({ store, maxAgeMs: HOUR_MS });
    await outbox.add(post(0));
    await clock.tickAsync(HOUR_MS + 1);
    const first = sinon.stub(store, 'at').rejects(new Error('EIO: i/o error, read'));
    await outbox.add(post(1));
    assert.deepEqual([outbox.length, warnings.length], [2, 1]);
    first.restore();
    await outbox.close();
  });

  it('removes no other than the one under way, if that was dropped before its reply', async () => {
    const sent: number[] = [];
    const reply = deferred<void>();
    const { outbox, refused } = outboxWith({
      maxBytes: 2 * (await sizeOfOne()),
      deliver: (entry) => {
        sent.push(numberOf(entry));
        return sent.length === 1 ? reply.promise : Promise.resolve();
      },
    });
    await outbox.add(post(1));
    await outbox.add(post(2));
    outbox.resume();
    await clock.tickAsync(0);
    await outbox.add(post(3));
    assert.deepEqual([sent, outbox.dropped], [[1, 2], 1]);
    reply.resolve();
    await emptied(outbox);
    assert.deepEqual([sent, refused], [[1, 2, 3], []]);
    await outbox.close();
  });
});
