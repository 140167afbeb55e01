/** What a former process left on the disk, whole or not. */
import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { FileStore } from '../../../../lib/aliyun/outbox';
import { lineOf } from '../../../../lib/aliyun/outbox/record';
import { numbers, useDirectory } from './posts';

const texts = (count: number) => numbers(count).map((n) => `{"n":${n},"text":"${'x'.repeat(n % 50)}"}`);
const linesOf = (all: string[]) => Buffer.concat(all.map(lineOf));

describe('the file store', () => {
  const home = useDirectory();
  let path: string;
  beforeEach(() => {
    path = join(home.path, 'node-red', 'outbox');
  });

  async function opened(): Promise<FileStore> {
    const store = new FileStore(path);
    await store.open();
    return store;
  }

  async function drain(store: FileStore): Promise<string[]> {
    const all: string[] = [];
    for (let text = await store.at(0); text !== undefined; text = await store.at(0)) {
      all.push(text);
      await store.removeFirst();
    }
    return all;
  }

  /** As a former process left them; the directory is new. */
  async function leave(segments: Record<string, Buffer>, head?: Buffer): Promise<void> {
    await mkdir(path, { recursive: true });
    for (const [name, bytes] of Object.entries(segments)) await writeFile(join(path, name), bytes);
    if (head) await writeFile(join(path, 'head'), head);
  }

  const headAt = (segment: number, offset: number) =>
    lineOf(`${String(segment).padStart(15, '0')} ${String(offset).padStart(15, '0')}`);

  it('makes its directory and files for nobody else', async () => {
    const store = await opened();
    await store.append('{"n":1}');
    const modes = [path, join(path, 'head'), join(path, '1.log')].map(
      async (file) => (await stat(file)).mode & 0o777,
    );
    assert.deepEqual(await Promise.all(modes), [0o700, 0o600, 0o600]);
    await store.close();
  });

  it('says which directory it is that cannot be made', async () => {
    await writeFile(join(home.path, 'node-red'), 'a file');
    await assert.rejects(opened(), (error: Error) => error.message.includes(path));
    await assert.rejects(new FileStore(path).append('1'), /is not open/);
  });

  it('lets no second store of the process into its directory', async () => {
    const store = await opened();
    await assert.rejects(opened(), /outbox is in use by another outbox$/);
    await assert.rejects(new FileStore(`${path}/../outbox/`).open(), /in use/);
    await store.append('1');
    await store.close();
    const next = await opened();
    assert.deepEqual(await drain(next), ['1']);
    await next.close();
  });

  it('spreads over files of a megabyte, and deletes those that are used up', async () => {
    const store = await opened();
    const long = numbers(40).map((n) => `${n} ${'x'.repeat(100_000)}`);
    await Promise.all(long.map((text) => store.append(text)));
    const sizes = async () => {
      const names = (await readdir(path)).filter((name) => name.endsWith('.log'));
      return Promise.all(names.map(async (name) => (await stat(join(path, name))).size));
    };
    const full = await sizes();
    assert.ok(full.length === 4 && full.every((size) => size > 900_000 && size <= 1024 * 1024), `${full}`);
    assert.equal(
      store.bytes,
      full.reduce((sum, size) => sum + size, 0),
    );
    for (const text of long.slice(0, 25)) {
      assert.equal(await store.at(0), text);
      await store.removeFirst();
    }
    assert.equal((await sizes()).length, 2);
    await store.close();
    const next = await opened();
    assert.equal(next.length, 15);
    assert.deepEqual(await drain(next), long.slice(25));
    await next.close();
    await (await opened()).close();
    assert.deepEqual(await readdir(path), ['head']);
  });

  it('takes no text that is longer than a file', async () => {
    const store = await opened();
    await store.append('before');
    await assert.rejects(store.append('x'.repeat(1024 * 1024)), /more than 1048576 bytes/);
    await store.append('behind');
    assert.deepEqual(await drain(store), ['before', 'behind']);
    await store.close();
  });

  it('has everything up to a tail that was torn off, at whichever byte', async () => {
    const all = texts(3);
    const bytes = linesOf(all);
    for (let length = 0; length <= bytes.length; length++) {
      const torn = bytes.subarray(0, length);
      await leave({ '1.log': torn });
      const store = await opened();
      const whole = torn.filter((byte) => byte === 0x0a).length;
      assert.deepEqual([store.length, store.damaged], [whole, 0]);
      await store.append('{"later":true}');
      assert.deepEqual(await drain(store), [...all.slice(0, whole), '{"later":true}'], `${length} bytes`);
      await store.close();
      await rm(path, { recursive: true });
    }
  });

  it('loses no more than the lines in which bytes were changed, and counts them', async () => {
    const all = texts(30);
    const changes = fc.array(fc.record({ at: fc.nat(), to: fc.nat(255) }), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(changes, async (given) => {
        const whole = linesOf(all);
        const bytes = Buffer.from(whole);
        const hit = new Set<number>();
        for (const { at, to } of given) {
          const index = at % bytes.length;
          const line = whole.subarray(0, index).filter((byte) => byte === 0x0a).length;
          hit.add(line);
          // Without the line's end the next one is hit, too.
          if (whole[index] === 0x0a) hit.add(line + 1);
          bytes[index] = to;
        }
        await leave({ '1.log': bytes }, Buffer.alloc(0));
        const store = await opened();
        const { length } = store;
        const left = await drain(store);
        assert.equal(left.length, length);
        assert.deepEqual(
          all.filter((text, n) => !hit.has(n) && !left.includes(text)),
          [],
        );
        assert.deepEqual(
          left.filter((text) => !all.includes(text)),
          [],
        );
        await store.close();
      }),
      { numRuns: 40 },
    );
    await leave(
      { '1.log': Buffer.concat([linesOf(['1']), Buffer.from('garbage\n\n'), linesOf(['2'])]) },
      Buffer.alloc(0),
    );
    const store = await opened();
    assert.deepEqual([store.damaged, store.length, await drain(store)], [2, 2, ['1', '2']]);
    await store.close();
  });

  it('skips and counts what is damaged after it was opened', async () => {
    await leave({ '1.log': linesOf(['1', '2', '3']), '2.log': linesOf(['4']) });
    const store = await opened();
    assert.deepEqual([store.length, store.damaged], [4, 0]);
    const bytes = linesOf(['1', '2', '3']);
    bytes.fill('#', lineOf('1').length, lineOf('1').length + 4);
    await writeFile(join(path, '1.log'), bytes);
    assert.deepEqual([await drain(store), store.length, store.damaged], [['1', '3', '4'], 0, 1]);
    await store.close();
  });

  it('is empty when nothing but damage is left', async () => {
    await leave({ '1.log': linesOf(['1', '2']) });
    const store = await opened();
    await writeFile(join(path, '1.log'), Buffer.alloc(linesOf(['1', '2']).length, '#'));
    assert.deepEqual([await store.at(0), store.length, store.damaged], [undefined, 0, 2]);
    await store.close();
  });

  it('takes nothing new for used up, though the files before it are gone', async () => {
    await leave({}, headAt(9, 500));
    const former = await opened();
    await former.append('new');
    await former.close();
    const store = await opened();
    assert.deepEqual(await drain(store), ['new']);
    await store.close();
  });

  it('goes on when a file was cut or taken away under it', async () => {
    await leave({ '1.log': linesOf(['1', '2']), '2.log': linesOf(['3', '4']) });
    const store = await opened();
    await writeFile(join(path, '1.log'), '');
    await store.append('5');
    assert.deepEqual([await drain(store), store.damaged, store.length], [['3', '4', '5'], 2, 0]);
    await store.close();
  });

  it('goes on when its files are deleted under it, and with them their directory', async () => {
    for (const gone of [join(path, '1.log'), path]) {
      const store = await opened();
      for (const text of ['1', '2']) await store.append(text);
      await rm(gone, { recursive: true });
      await store.append('3');
      assert.deepEqual([await drain(store), store.damaged, store.length], [['3'], 2, 0]);
      await store.append('4');
      await store.close();
      const next = await opened();
      assert.ok((await drain(next)).includes('4'));
      await next.close();
      await rm(path, { recursive: true });
    }
  });

  it('begins where the head says, and at the beginning without a readable one', async () => {
    const all = ['1', '2', '3'];
    const second = lineOf('1').length;
    const heads: [Buffer | undefined, string[]][] = [
      [headAt(1, second), ['2', '3', '4']],
      [headAt(1, 3 * second), ['4']],
      [headAt(1, 1_000_000), ['4']],
      [headAt(2, 0), ['4']],
      [headAt(2, second), []],
      [headAt(9, 0), []],
      [headAt(1, second).fill('7', 12, 13), [...all, '4']],
      [Buffer.from('head'), [...all, '4']],
      [Buffer.alloc(3_000_000, '0'), [...all, '4']],
      [Buffer.alloc(0), [...all, '4']],
    ];
    for (const [head, expected] of heads) {
      await leave({ '1.log': linesOf(all), '2.log': linesOf(['4']) }, head);
      const store = await opened();
      await store.append('new');
      assert.deepEqual(await drain(store), [...expected, 'new'], head?.toString('latin1', 0, 50));
      await store.close();
      const next = await opened();
      assert.equal(next.length, 0);
      await next.close();
    }
  });

  it('is not led astray by what else lies in its directory', async () => {
    const segments = { '10.log': linesOf(['3']), '9.log': linesOf(['2']), '2.log': linesOf(['1']) };
    await leave(segments);
    await mkdir(join(path, '5.log'));
    for (const name of ['0.log', '007.log', '-1.log', '4.log.bak', '1e3.log', 'notes.txt']) {
      await writeFile(join(path, name), linesOf(['not ours']));
    }
    const store = await opened();
    assert.deepEqual(await drain(store), ['1', '2', '3']);
    await store.append('4');
    assert.deepEqual(await readFile(join(path, '11.log')), lineOf('4'));
    await store.close();
    assert.equal((await readFile(join(path, 'notes.txt'), 'utf8')).includes('not ours'), true);
  });

  it('reads a file of line ends, one of zeros, and one without end in bounds', async () => {
    await leave({
      '1.log': Buffer.alloc(5_000_000, '\n'),
      '2.log': Buffer.alloc(5_000_000),
      '3.log': Buffer.alloc(5_000_000, '['),
      '4.log': linesOf(['whole']),
    });
    const store = await opened();
    assert.deepEqual([await drain(store), store.damaged], [['whole'], 1024 * 1024]);
    await store.close();
  });
});
