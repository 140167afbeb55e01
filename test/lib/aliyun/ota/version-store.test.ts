import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileVersionStore } from '../../../../lib/aliyun/ota';

describe('the file of the informed version', () => {
  let path: string;

  beforeEach(async () => {
    path = join(await mkdtemp(join(tmpdir(), 'ota-version-')), 'device', 'default.version');
  });

  afterEach(() => rm(dirname(dirname(path)), { recursive: true }));

  it('remembers the last version across restarts', async () => {
    await fileVersionStore(path).save('1.0.0');
    await fileVersionStore(path).save('2.0.0');
    assert.equal(await fileVersionStore(path).load(), '2.0.0');
    assert.deepEqual(await readdir(dirname(path)), ['default.version']);
    assert.equal((await stat(path)).mode & 0o777, 0o600);
  });

  it('is not needed at the first start', async () => {
    assert.equal(await fileVersionStore(path).load(), undefined);
  });

  it('says when it cannot be written', async () => {
    await writeFile(dirname(path), 'a file where the directory should be');
    await assert.rejects(fileVersionStore(path, 'lamp').save('1'), {
      reason: 'versionNotKept',
      message: /^lamp: version 1 is informed, but .* the next restart forgets it/,
    });
  });
});
