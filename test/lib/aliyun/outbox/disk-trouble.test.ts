/** A disk that is full or fails: the post is refused, no other is harmed, and it goes on when the disk does. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import sinon from 'sinon';
import { FileStore } from '../../../../lib/aliyun/outbox';
import { emptied, numbers, outboxWith, post, useDirectory } from './posts';

function fail(code: string): () => Promise<never> {
  return () => Promise.reject(Object.assign(new Error(`${code}: the disk`), { code }));
}

describe('an outbox on a disk', () => {
  const directory = useDirectory();
  afterEach(() => sinon.restore());

  const withFile = () => outboxWith({ store: new FileStore(directory.path) });

  /** What all file handles have in common. */
  async function handles(): Promise<FileHandle> {
    const handle = await open(join(directory.path, 'other'), 'w');
    await handle.close();
    await rm(join(directory.path, 'other'));
    return Object.getPrototypeOf(handle);
  }

  async function restarted(): Promise<number[]> {
    const { outbox, delivered } = withFile();
    outbox.open();
    outbox.resume();
    await emptied(outbox);
    await outbox.close();
    return delivered;
  }

  it('syncs the names of all directories that it makes, for a power cut', async () => {
    const sync = sinon.spy(await handles(), 'sync');
    const store = new FileStore(join(directory.path, 'node-red', 'outbox', 'lamp'));
    await store.open();
    assert.equal(sync.callCount, 3);
    await store.close();
  });

  it('that is full keeps what it accepted, and nothing of the others', async () => {
    const child = join(__dirname, 'full-disk-child.ts');
    const command = `ulimit -f 128; exec "${process.execPath}" --import tsx "${child}" "${directory.path}"`;
    const { stdout } = await promisify(execFile)('/bin/sh', ['-c', command], {
      // Its cache may be larger than the limit.
      env: { ...process.env, TSX_DISABLE_CACHE: '1' },
    });
    const { accepted, delivered, reasons, size, bytes } = JSON.parse(stdout);
    assert.ok(accepted.length >= 5 && accepted.length < 20, `${accepted}`);
    assert.deepEqual(accepted, numbers(accepted.length));
    assert.deepEqual(delivered, accepted);
    assert.equal(size, bytes, 'the part that was written is cut off again');
    assert.match(reasons[0], /^Lamp: the outbox cannot use \/.+: EFBIG: .+; check the directory/);
    // On a busy machine a process takes seconds to start.
  }).timeout(60_000);

  for (const method of ['write', 'datasync'] as const) {
    it(`that fails in ${method} refuses a whole lot, and takes the next`, async () => {
      const { outbox } = withFile();
      await outbox.add(post(0));
      const stub = sinon.stub(await handles(), method).callsFake(fail('ENOSPC'));
      const lot = await Promise.allSettled(numbers(3, 100).map((n) => outbox.add(post(n))));
      assert.ok(lot.every(({ status }) => status === 'rejected'));
      assert.equal(outbox.length, 1);
      stub.restore();
      await outbox.add(post(1));
      await outbox.close();
      assert.deepEqual(await restarted(), [0, 1]);
    });
  }

  it('that takes a part of it only, with no error, gets the rest', async () => {
    const { outbox } = withFile();
    const handle = await handles();
    const { write } = handle;
    // As write(2) may.
    sinon.stub(handle, 'write').callsFake(function (this: FileHandle, ...args: unknown[]) {
      const [bytes, from, length, at] = args;
      return Reflect.apply(write, this, [bytes, from, Math.min(Number(length), 7), at]);
    });
    for (const n of numbers(3)) await outbox.add(post(n));
    await outbox.close();
    assert.deepEqual(await restarted(), numbers(3));
  });

  it('that cannot even take back what it refused writes over it', async () => {
    const { outbox } = withFile();
    await outbox.add(post(0));
    const handle = await handles();
    sinon.stub(handle, 'datasync').callsFake(fail('EIO'));
    sinon.stub(handle, 'truncate').callsFake(fail('EIO'));
    await assert.rejects(outbox.add(post(100)), { reason: 'outboxFailed', code: 'TRANSPORT' });
    sinon.restore();
    await outbox.add(post(1));
    await outbox.close();
    assert.deepEqual(await restarted(), [0, 1]);
  });

  it('that does not record what was delivered says so, and goes on', async () => {
    const { outbox, delivered, warnings } = withFile();
    for (const n of numbers(3)) await outbox.add(post(n));
    const stub = sinon.stub(await handles(), 'write').callsFake(fail('EIO'));
    outbox.resume();
    await emptied(outbox);
    assert.deepEqual(delivered, numbers(3));
    assert.deepEqual(
      warnings.map(({ reason }) => reason),
      ['outboxFailed'],
    );
    stub.restore();
    await outbox.close();
  });

  it('that does not keep up refuses what would not fit into the memory', async () => {
    const { outbox } = withFile();
    await outbox.add(post(0));
    let goOn: () => void = () => undefined;
    const stopped = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const handle = await handles();
    const { datasync } = handle;
    const stub = sinon.stub(handle, 'datasync').callsFake(async function (this: FileHandle) {
      await stopped;
      return datasync.call(this);
    });
    const text = 'x'.repeat(200_000);
    const adding = numbers(300, 1).map((n) => outbox.add({ ...post(n), params: { n, text } }));
    await assert.rejects(Promise.all(adding), /the disk does not keep up/);
    stub.restore();
    goOn();
    const kept = (await Promise.allSettled(adding)).filter(({ status }) => status === 'fulfilled').length;
    assert.ok(kept > 100 && kept < 200, `${kept}`);
    assert.equal(outbox.length, kept + 1);
    await outbox.close();
  });
});
