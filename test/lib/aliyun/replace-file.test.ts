/** A small file that is replaced as a whole. */
import assert from 'node:assert/strict';
import promises, { mkdtemp, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sinon from 'sinon';
import { replaceFile } from '../../../lib/aliyun/replace-file';

describe('a file that is replaced', () => {
  let directory: string;
  let path: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'replace-'));
    path = join(directory, 'states', 'lamp.json');
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('holds what is new, for its owner alone, and nothing lies beside it', async () => {
    await replaceFile(path, 'a longer text');
    await replaceFile(path, 'text');
    assert.equal(await readFile(path, 'utf8'), 'text');
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    assert.deepEqual(await readdir(join(directory, 'states')), ['lamp.json']);
  });

  it('is on the disk before it gets its name, without the flag of a newer Node', async () => {
    const writeFile = sinon.spy(promises, 'writeFile');
    const handle = await open(join(directory, 'any'), 'w');
    const sync = sinon.spy(Object.getPrototypeOf(handle), 'sync');
    const rename = sinon.spy(promises, 'rename');
    await handle.close();
    await replaceFile(path, 'text');
    assert.ok(sync.firstCall.calledBefore(rename.firstCall));
    sinon.assert.notCalled(writeFile);
  });

  it('stays as it was when the new text cannot be written', async () => {
    await replaceFile(path, 'before');
    const handle = await open(join(directory, 'any'), 'w');
    sinon.stub(Object.getPrototypeOf(handle), 'sync').rejects(new Error('EIO'));
    await handle.close();
    await assert.rejects(replaceFile(path, 'after'), /EIO/);
    assert.equal(await readFile(path, 'utf8'), 'before');
  });
});
