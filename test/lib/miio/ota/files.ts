/** Firmware files for tests, in a directory of their own. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const IMAGE = Buffer.from(Array.from({ length: 200_000 }, (_, index) => (index * 7) % 251));

export const md5 = (bytes: Buffer): string => createHash('md5').update(bytes).digest('hex');

/** A directory for each test; call inside `describe`. `write` makes a file in it and tells its path. */
export function useDirectory() {
  let directory = '';
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'miio-ota-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));
  return {
    get path() {
      return directory;
    },
    write: async (bytes: Buffer = IMAGE, name = 'firmware.bin') => {
      const path = join(directory, name);
      await writeFile(path, bytes);
      return path;
    },
  };
}
