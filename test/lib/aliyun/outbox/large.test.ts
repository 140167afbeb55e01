/** A hundred thousand posts on the disk: delivered in order, and never in the memory. */
import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { FileStore } from '../../../../lib/aliyun/outbox';
import { emptied, numberOf, numbers, outboxWith, post, useDirectory } from './posts';

const MB = 1024 * 1024;

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

/** What is in use, buffers outside of the heap included. */
function usedMb(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / MB;
}

describe('an outbox of 100,000 posts on the disk', () => {
  const directory = useDirectory();
  const count = 100_000;
  const lot = 10_000;

  it('is delivered in order after a restart, in little memory', async () => {
    const before = usedMb();
    let most = 0;
    const measure = () => {
      most = Math.max(most, usedMb() - before);
    };
    const former = outboxWith({ store: new FileStore(directory.path) });
    for (let from = 0; from < count; from += lot) {
      await Promise.all(numbers(lot, from).map((n) => former.outbox.add(withText(n))));
      measure();
    }
    await former.outbox.close();

    let next = 0;
    const deliver = async (entry: Parameters<typeof numberOf>[0]) => {
      assert.equal(numberOf(entry), next);
      next += 1;
      if (next % lot === 0) measure();
    };
    const { outbox, refused } = outboxWith({ store: new FileStore(directory.path), deliver });
    outbox.open();
    outbox.resume();
    await emptied(outbox);
    await outbox.close();
    assert.deepEqual([next, refused], [count, []]);
    assert.ok(most < 50, `${most.toFixed(1)} MB`);
  }).timeout(180_000);
});

function withText(n: number): ReturnType<typeof post> {
  return { ...post(n), params: { n, text: 'x'.repeat(150) } };
}
