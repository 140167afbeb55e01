/** The digest of a file that grows, small or so large that a thread follows it. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import promises, { appendFile, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import sinon from 'sinon';
import { FileDigest, WORKER_FROM_BYTES } from '../../../../../lib/aliyun/ota/download/digest';

const SIZES: [string, number][] = [
  ['a small file', 300_000],
  ['a large file', WORKER_FROM_BYTES + 12_345],
];

describe('the digest of', () => {
  let directory: string;
  let path: string;
  let digests: FileDigest[];

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'digest-'));
    path = join(directory, 'firmware.bin.part');
    digests = [];
  });
  afterEach(async () => {
    await Promise.all(digests.map((digest) => digest.close()));
    await rm(directory, { recursive: true });
  });

  function digestOf(size: number, method: 'md5' | 'sha256' = 'sha256'): FileDigest {
    const digest = new FileDigest(path, method, size);
    digests.push(digest);
    return digest;
  }
  const expected = (bytes: Buffer, method = 'sha256') => createHash(method).update(bytes).digest('hex');

  for (const [what, size] of SIZES) {
    describe(what, () => {
      const bytes = randomBytes(size);

      for (const method of ['md5', 'sha256'] as const) {
        it(`is that of the bytes on disk, ${method}`, async () => {
          await writeFile(path, '');
          const digest = digestOf(size, method);
          for (let done = 0; done < size; done += 5_000_000) {
            await appendFile(path, bytes.subarray(done, done + 5_000_000));
            digest.advance(Math.min(size, done + 5_000_000));
          }
          assert.equal(await digest.finish(size), expected(bytes, method));
        });
      }

      it('of a file that is there already is read from it', async () => {
        await writeFile(path, bytes);
        assert.equal(await digestOf(size).finish(size), expected(bytes));
      });

      it('rejects for a file that is not there', async () => {
        await assert.rejects(digestOf(size).finish(size), { code: 'ENOENT' });
      });

      it('does not follow a link', async () => {
        await writeFile(join(directory, 'elsewhere'), bytes);
        await symlink(join(directory, 'elsewhere'), path);
        await assert.rejects(digestOf(size).finish(size), { code: 'ELOOP' });
      });

      it('is given up by the signal', async () => {
        await writeFile(path, bytes);
        const abort = new AbortController();
        const work = digestOf(size).finish(size, abort.signal);
        abort.abort(new Error('enough'));
        await assert.rejects(work, /enough/);
      });

      it('rejects, and does not hang, when it was closed while the file is gone', async () => {
        await writeFile(path, bytes);
        const digest = digestOf(size);
        await digest.close();
        await rm(path);
        await assert.rejects(digest.finish(size), { code: 'ENOENT' });
      });
    });
  }

  const large = WORKER_FROM_BYTES;

  it('a large file does not depend on its thread', async () => {
    const bytes = randomBytes(large);
    await writeFile(path, bytes);
    const digest = digestOf(large);
    await digest.close();
    assert.equal(await digest.finish(large), expected(bytes));
  });

  it('a large file that turns out shorter is that of what is there', async () => {
    const bytes = randomBytes(large - 1);
    await writeFile(path, bytes);
    assert.equal(await digestOf(large).finish(large), expected(bytes));
  });

  it('a large file is computed beside this thread', async () => {
    const bytes = randomBytes(large);
    await writeFile(path, bytes);
    sinon.stub(promises, 'open').rejects(new Error('this thread reads'));
    assert.equal(await digestOf(large).finish(large), expected(bytes));
  });

  it('a large file keeps no thread when it is done', async () => {
    await writeFile(path, randomBytes(large));
    const ended = new Promise<void>((resolve) => {
      const on = sinon.stub(Worker.prototype, 'postMessage').callsFake(function (this: Worker, message) {
        this.once('exit', () => resolve());
        on.wrappedMethod.call(this, message);
      });
    });
    const digest = digestOf(large);
    await digest.finish(large);
    await ended;
  });
});
