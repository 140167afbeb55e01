/** A small file that is always whole: after a crash or a power cut it holds either what it held before or what is new. */
import { mkdir, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncDirectory } from './sync-directory';

/** Mode 0600; the directory is made (mode 0700) if there is none. One call at a time for a path. */
export async function replaceFile(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeSynced(`${path}.new`, text);
  await rename(`${path}.new`, path);
  await syncDirectory(dirname(path));
}

/** `writeFile` with `flush` would do it, but that came with Node 20.10; the ones before it ignore it. */
async function writeSynced(path: string, text: string): Promise<void> {
  const file = await open(path, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}
