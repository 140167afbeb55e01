import assert from 'node:assert/strict';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { inPrivateDirectory } from '../../../../lib/miio/tokens/private-directory';

describe('a private directory', () => {
  it('is its owner’s alone, and gone with all that is in it after the work', async () => {
    const used = await inPrivateDirectory(async (directory) => {
      assert.equal(statSync(directory).mode & 0o777, 0o700);
      writeFileSync(path.join(directory, 'file'), 'x');
      return directory;
    });
    assert.ok(!existsSync(used));
  });

  it('is gone after a failure too', async () => {
    let used = '';
    const work = inPrivateDirectory(async (directory) => {
      used = directory;
      throw new Error('no');
    });
    await assert.rejects(work, /^Error: no$/);
    assert.ok(used !== '' && !existsSync(used));
  });
});
