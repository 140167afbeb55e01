/** A post that never gets a reply: it is said, and does not hold up the others for ever. */
import assert from 'node:assert/strict';
import sinon, { type SinonFakeTimers } from 'sinon';
import type { OutboxEntry } from '../../../../lib/aliyun/outbox';
import { MialinkError, type Reason } from '../../../../lib/errors';
import { numberOf, numbers, outboxWith, post } from './posts';

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const NO_REPLY: Reason = 'noReply';

describe('a post in the outbox that gets no reply', () => {
  let clock: SinonFakeTimers;
  beforeEach(() => {
    clock = sinon.useFakeTimers();
  });
  afterEach(() => clock.restore());

  /** A cloud that fails post 0 in this way, as long as `isFailing`, and takes all others. */
  function cloudWith(reason: Reason) {
    const cloud = { tries: 0, taken: [] as number[], isFailing: true };
    const deliver = async (entry: OutboxEntry) => {
      if (numberOf(entry) === 0) cloud.tries += 1;
      if (numberOf(entry) === 0 && cloud.isFailing) throw new MialinkError(reason);
      cloud.taken.push(numberOf(entry));
    };
    return { cloud, deliver };
  }

  async function outboxOfThree(reason: Reason) {
    const { cloud, deliver } = cloudWith(reason);
    const box = outboxWith({ deliver });
    for (const n of [0, 1, 2]) await box.outbox.add(post(n));
    box.outbox.resume();
    await clock.tickAsync(0);
    return { cloud, ...box };
  }

  it('is warned of once, at the second try, with what it is', async () => {
    const { cloud, outbox, warnings } = await outboxOfThree(NO_REPLY);
    assert.deepEqual([cloud.tries, warnings], [1, []]);
    await clock.tickAsync(1_000 + 2_000 + 4_000);
    assert.equal(cloud.tries, 4);
    assert.deepEqual(
      warnings.map(({ reason, code }) => [reason, code]),
      [['outboxStalled', 'TIMEOUT']],
    );
    assert.match(warnings[0]?.message ?? '', /Lamp.*property post/);
    await outbox.close();
  });

  it('is reported and removed when another is answered after the fifth', async () => {
    const { cloud, deliver } = cloudWith(NO_REPLY);
    const { outbox, refused } = outboxWith({
      deliver: async (entry) => {
        // Time for the others' replies.
        if (numberOf(entry) === 0) await sleep(5_000);
        await deliver(entry);
      },
    });
    const problems: MialinkError[] = [];
    outbox.on('refused', (_, problem) => problems.push(problem));
    for (const n of [0, 1, 2]) await outbox.add(post(n));
    outbox.resume();
    await clock.tickAsync(120_000);
    assert.ok(cloud.tries > 5);
    assert.deepEqual([refused, cloud.taken, outbox.length], [[], [1, 2], 3]);
    for (const n of numbers(20, 3)) await outbox.add(post(n));
    await clock.tickAsync(120_000);
    assert.deepEqual([refused, cloud.taken], [[[0, undefined]], numbers(22, 1)]);
    assert.deepEqual([problems.map(({ reason }) => reason), outbox.length], [[NO_REPLY], 0]);
    await outbox.close();
  });

  it('is not given up if a reply comes at last', async () => {
    const { cloud, outbox, refused } = await outboxOfThree(NO_REPLY);
    await clock.tickAsync(1_000 + 2_000 + 4_000);
    cloud.isFailing = false;
    await clock.tickAsync(8_000);
    assert.deepEqual([cloud.tries, refused, cloud.taken], [5, [], [0, 1, 2]]);
    await outbox.close();
  });

  it('is not given up for silences of connections that broke, and is warned of only once', async () => {
    const { cloud, outbox, refused, warnings } = await outboxOfThree(NO_REPLY);
    for (let connection = 0; connection < 5; connection++) {
      await clock.tickAsync(7_000);
      outbox.pause();
      outbox.resume();
      await clock.tickAsync(0);
    }
    assert.ok(cloud.tries > 10);
    assert.deepEqual([refused, outbox.length, warnings.length], [[], 3, 1]);
    await outbox.close();
  });

  for (const reason of ['connectionLost', 'notConnected', 'uplinkBusy'] satisfies Reason[]) {
    it(`is another matter than ${reason}, for which it is tried for ever`, async () => {
      const { cloud, outbox, refused, warnings } = await outboxOfThree(reason);
      await clock.tickAsync(3_600_000);
      assert.ok(cloud.tries > 50);
      assert.deepEqual([refused, warnings, outbox.length], [[], [], 3]);
      await outbox.close();
    });
  }

  it('is not given up, nor is any other, by a cloud that answers nobody', async () => {
    let isSilent = true;
    const deliver = async () => {
      // All that are under way are silent for the same time.
      await sleep(5_000);
      if (isSilent) throw new MialinkError(NO_REPLY);
    };
    const { outbox, refused, warnings } = outboxWith({ deliver });
    for (const n of numbers(40)) await outbox.add(post(n));
    outbox.resume();
    await clock.tickAsync(3_600_000);
    assert.deepEqual([refused, warnings.length, outbox.length], [[], 1, 40]);
    isSilent = false;
    await clock.tickAsync(120_000);
    assert.deepEqual([refused, outbox.length], [[], 0]);
    await outbox.close();
  });
});
