import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { FirmwareFile } from '../../../../lib/miio/ota/firmware-file';
import { IMAGE, md5, useDirectory } from './files';

const LABEL = 'desk lamp (192.168.1.20)';

async function bytesOf(pieces: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
}

describe('a firmware file', () => {
  const directory = useDirectory();

  it('tells its size and its digest, and any part of it', async () => {
    const file = await FirmwareFile.open(await directory.write(), LABEL);
    assert.equal(file.size, IMAGE.length);
    assert.equal(await file.md5(), md5(IMAGE));
    assert.deepEqual(await bytesOf(file.read(70_000, 190_001)), IMAGE.subarray(70_000, 190_001));
    await file.close();
  });

  it('stays the same when another one takes its name, and when it is deleted', async () => {
    const path = await directory.write();
    const file = await FirmwareFile.open(path, LABEL);
    await rm(path);
    await directory.write(Buffer.from('another'));
    assert.equal(await file.md5(), md5(IMAGE));
    await file.close();
  });

  it('is unreadable when it is cut short meanwhile, instead of short', async () => {
    const path = await directory.write();
    const file = await FirmwareFile.open(path, LABEL);
    await truncate(path, 100_000);
    await assert.rejects(file.md5(), { reason: 'firmwareUnreadable', code: 'CONFIG', message: /cut short/ });
    await file.close();
  });

  it('is refused when it is missing, empty, a directory or a pipe, naming device and path', async () => {
    const pipe = join(directory.path, 'pipe');
    execFileSync('mkfifo', [pipe]);
    for (const [path, cause] of [
      [join(directory.path, 'none'), /none.*ENOENT/],
      [await directory.write(Buffer.alloc(0), 'empty'), /empty/],
      [directory.path, /not a file/],
      [pipe, /not a file/],
    ] as const) {
      await assert.rejects(FirmwareFile.open(path, LABEL), (error: Error) => {
        assert.match(error.message, cause);
        assert.match(error.message, /desk lamp/);
        return true;
      });
    }
  });

  it('stops to be digested when that is aborted', async () => {
    const file = await FirmwareFile.open(await directory.write(), LABEL);
    const reason = new Error('enough');
    await assert.rejects(file.md5(AbortSignal.abort(reason)), reason);
    await file.close();
  });
});
