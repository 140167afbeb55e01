/** What is in a store that was chosen once, and is not any more. */
import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  countLeft,
  FileStore,
  HeirStore,
  MemoryStore,
  type OutboxStore,
} from '../../../../lib/aliyun/outbox';
import { numbers, useDirectory } from './posts';

async function fill(store: OutboxStore, count: number, from = 0): Promise<void> {
  for (const n of numbers(count, from)) await store.append(String(n));
}

async function textsIn(store: OutboxStore): Promise<number[]> {
  const texts: number[] = [];
  for (let text = await store.at(0); text !== undefined; text = await store.at(0)) {
    texts.push(Number(text));
    await store.removeFirst();
  }
  return texts;
}

async function inMemory(count: number, from = 0): Promise<MemoryStore> {
  const memory = new MemoryStore();
  await fill(memory, count, from);
  return memory;
}

describe('what a file store has left', () => {
  const directory = useDirectory();
  const place = () => join(directory.path, 'outbox');

  it('is nothing where there is no directory, and none is made', async () => {
    assert.equal(await countLeft(place()), 0);
    assert.deepEqual(await readdir(directory.path), []);
  });

  it('is what was added and not removed, over all segments, and stays as it is', async () => {
    const store = new FileStore(place());
    await store.open();
    const long = 'x'.repeat(400_000);
    for (const n of numbers(5)) await store.append(`${n} ${long}`);
    for (const left of [5, 4, 3, 2, 1, 0]) {
      assert.equal(await countLeft(place()), left);
      await store.removeFirst();
    }
    await fill(store, 3);
    await store.close();
    const names = await readdir(place());
    assert.equal(await countLeft(place()), 3);
    assert.deepEqual(await readdir(place()), names);
    await store.open();
    assert.deepEqual(await textsIn(store), [0, 1, 2]);
    await store.close();
  });

  it('cannot be told of a directory that is none', async () => {
    await writeFile(place(), '');
    await assert.rejects(countLeft(place()), /ENOTDIR/);
  });
});

describe('a file store that takes over what is in memory', () => {
  const directory = useDirectory();

  it('has it behind its own, in order, for good', async () => {
    const own = new FileStore(directory.path);
    await own.open();
    await fill(own, 2);
    await own.close();
    const memory = await inMemory(250, 2);
    const heir = new HeirStore(directory.path, memory);
    await heir.open();
    assert.equal(memory.length, 0);
    assert.equal(heir.length, 252);
    await fill(heir, 1, 252);
    await heir.close();
    await own.open();
    assert.deepEqual(await textsIn(own), numbers(253));
    await own.close();
  });

  it('leaves it in memory while the disk fails, and takes it with the next try', async () => {
    const memory = await inMemory(3);
    let isBroken = true;
    class BrokenStore extends HeirStore {
      override async append(text: string): Promise<void> {
        if (isBroken) throw new Error('no disk');
        await super.append(text);
      }
    }
    const heir = new BrokenStore(directory.path, memory);
    await assert.rejects(heir.open(), /no disk/);
    assert.equal(memory.length, 3);
    isBroken = false;
    await heir.open();
    assert.deepEqual([memory.length, await textsIn(heir)], [0, [0, 1, 2]]);
    await heir.close();
  });
});
