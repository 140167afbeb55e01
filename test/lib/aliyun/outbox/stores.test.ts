/** What both stores do: a queue of texts, whatever is done to it in whatever order. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import fc from 'fast-check';
import { FileStore, MemoryStore, type OutboxStore } from '../../../../lib/aliyun/outbox';
import { numbers, useDirectory } from './posts';

type Step = 'append' | 'append many' | 'remove' | 'reopen';

/** Makes stores in a directory that is given to it. */
const stores: Record<string, (path: string) => OutboxStore> = {
  memory: () => new MemoryStore(),
  file: (path) => new FileStore(path),
};

for (const [name, make] of Object.entries(stores)) {
  describe(`the ${name} store`, () => {
    const directory = useDirectory();
    let made = 0;

    const create = (): OutboxStore => {
      made += 1;
      return make(join(directory.path, `${made}`));
    };

    it('gives back what it got, first in, first out', async () => {
      const steps = fc.array(fc.constantFrom<Step>('append', 'append many', 'remove', 'reopen'), {
        maxLength: 40,
      });
      await fc.assert(
        fc.asyncProperty(steps, async (given) => {
          const store = create();
          await store.open();
          const expected: string[] = [];
          const append = (text: string) => {
            expected.push(text);
            return store.append(text);
          };
          for (const [n, step] of given.entries()) {
            if (step === 'append') await append(`{"n":${n}}`);
            if (step === 'append many') await Promise.all(numbers(7).map((k) => append(`{"n":"${n}·${k}"}`)));
            if (step === 'remove') {
              expected.shift();
              await store.removeFirst();
            }
            if (step === 'reopen') {
              await store.close();
              await store.open();
            }
            assert.equal(await store.at(0), expected[0]);
            assert.equal(store.length, expected.length);
            assert.equal(store.bytes > 0, expected.length > 0);
          }
          await store.close();
        }),
        { numRuns: 30 },
      );
    });

    it('is read while it is written', async () => {
      const store = create();
      await store.open();
      const count = 2_000;
      const writing = Promise.all(numbers(count).map((n) => store.append(`${n} ${'x'.repeat(2_000)}`)));
      const read: number[] = [];
      while (read.length < count) {
        const text = await store.at(0);
        if (text === undefined) {
          await new Promise(setImmediate);
          continue;
        }
        read.push(Number.parseInt(text, 10));
        await store.removeFirst();
      }
      await writing;
      assert.deepEqual(read, numbers(count));
      assert.deepEqual([store.length, store.bytes, await store.at(0)], [0, 0, undefined]);
      await store.close();
    });

    it('has what was still being added when it was closed', async () => {
      const store = create();
      await store.open();
      const adding = Promise.all(numbers(40).map((n) => store.append(`${n} ${'x'.repeat(100_000)}`)));
      await store.close();
      await store.open();
      assert.equal(store.length, 40);
      assert.match((await store.at(0)) ?? '', /^0 x/);
      await adding;
      await store.close();
    });

    it('has nothing to remove when it is empty', async () => {
      const store = create();
      await store.open();
      await store.removeFirst();
      await store.append('1');
      await store.removeFirst();
      await store.removeFirst();
      await store.append('2');
      assert.deepEqual([await store.at(0), store.length], ['2', 1]);
      await store.close();
    });
  });
}
