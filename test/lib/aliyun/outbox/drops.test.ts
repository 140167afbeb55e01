/** What the log says of posts that the outbox drops: how many, and not for each of them. */
import assert from 'node:assert/strict';
import sinon, { type SinonFakeTimers } from 'sinon';
import { MemoryStore } from '../../../../lib/aliyun/outbox';
import { emptied, numbers, outboxWith, post } from './posts';

const HOUR_MS = 3_600_000;

describe('the warning of dropped posts', () => {
  let clock: SinonFakeTimers;
  beforeEach(() => {
    clock = sinon.useFakeTimers({ now: Date.UTC(2026, 10, 21) });
  });
  afterEach(() => clock.restore());

  /** An outbox with room for three posts, and the numbers in its warnings. */
  async function smallOutbox() {
    const store = new MemoryStore();
    await outboxWith({ store }).outbox.add(post(1));
    const { outbox, warnings } = outboxWith({ maxBytes: 3 * store.bytes });
    const add = async (count: number) => {
      for (let n = 0; n < count; n++) await outbox.add(post(1));
    };
    const told = () => warnings.map(({ values }) => values.count);
    return { outbox, warnings, add, told };
  }

  it('comes at the first, says how many, and what to do', async () => {
    const { outbox, warnings, add } = await smallOutbox();
    await add(3);
    assert.equal(warnings.length, 0);
    await add(1);
    assert.deepEqual(
      warnings.map(({ reason }) => reason),
      ['outboxDropped'],
    );
    assert.match(
      String(warnings[0]),
      /Lamp: .* full, so the oldest posts are dropped, 1 so far; see why the cloud is away, or allow more$/,
    );
    await outbox.close();
  });

  it('comes once a minute while it goes on, with the number of all', async () => {
    const { outbox, add, told } = await smallOutbox();
    await add(13);
    await clock.tickAsync(59_999);
    await add(10);
    assert.deepEqual(told(), [1]);
    await clock.tickAsync(1);
    await add(10);
    assert.deepEqual([told(), outbox.dropped], [[1, 21], 30]);
    await clock.tickAsync(60_000);
    assert.deepEqual(told(), [1, 21], 'no minute, no warning, without a drop');
    await add(1);
    assert.deepEqual(told(), [1, 21, 31]);
    await outbox.close();
  });

  it('comes with the number of all when nothing is kept any more, and at the first of the next time', async () => {
    const { outbox, add, told } = await smallOutbox();
    await add(13);
    outbox.resume();
    await emptied(outbox);
    await clock.tickAsync(0);
    assert.deepEqual(told(), [1, 10]);
    outbox.pause();
    await add(4);
    assert.deepEqual(told(), [1, 10, 11]);
    outbox.resume();
    await emptied(outbox);
    await clock.tickAsync(0);
    assert.deepEqual(told(), [1, 10, 11], 'that was told already');
    await outbox.close();
  });

  it('comes with the number of all when the outbox is closed', async () => {
    const { outbox, add, told } = await smallOutbox();
    await add(13);
    await outbox.close();
    assert.deepEqual(told(), [1, 10]);
  });

  it('counts those that were dropped before a store that fails', async () => {
    const store = new MemoryStore();
    const { outbox, warnings } = outboxWith({ store, maxAgeMs: HOUR_MS });
    for (const n of numbers(3)) await outbox.add(post(n));
    await clock.tickAsync(HOUR_MS + 1);
    const readable = store.at.bind(store);
    sinon.stub(store, 'at').callsFake((index) => {
      if (store.length > 2) return readable(index);
      return Promise.reject(new Error('EIO: i/o error, read'));
    });
    await outbox.add(post(3));
    assert.equal(outbox.dropped, 2);
    assert.deepEqual(
      warnings.map(({ reason, values }) => [reason, values.count]),
      [
        ['outboxDropped', 2],
        ['outboxFailed', undefined],
      ],
    );
    await outbox.close();
  });

  it('goes with a change, also when all that was kept is too old', async () => {
    const { outbox } = outboxWith({ maxAgeMs: HOUR_MS });
    await outbox.add(post(0));
    await clock.tickAsync(HOUR_MS + 1);
    const lengths: number[] = [];
    outbox.on('change', () => lengths.push(outbox.length));
    outbox.resume();
    await clock.tickAsync(0);
    assert.deepEqual(lengths, [0]);
    await outbox.close();
  });
});
