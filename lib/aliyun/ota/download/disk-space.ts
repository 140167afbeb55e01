/** Whether a file will fit on the disk, asked before its first byte is fetched. */
import type { StatsFs } from 'node:fs';
import { mkdir, statfs } from 'node:fs/promises';
import { MialinkError, messageOf } from '../../../errors';

/** Left free for everything else that writes there, Node-RED's flows among it. */
const SPARE_BYTES = 16 * 1024 * 1024;

/**
 * Makes the directory (mode 0700) if there is none. Throws `otaNoSpace` when its disk cannot take that many bytes more, and
 * `otaStorageFailed` when it tells nothing at all.
 */
export async function assertRoom(directory: string, bytes: number, label: string): Promise<void> {
  const { blocks, bavail, bsize } = await statsOf(directory).catch((error: unknown) => {
    throw new MialinkError('otaStorageFailed', { device: label, directory, cause: messageOf(error) });
  });
  // Some network file systems tell nothing.
  if (blocks === 0) return;
  const free = bavail * bsize;
  const needed = bytes + SPARE_BYTES;
  if (needed > free) throw new MialinkError('otaNoSpace', { device: label, directory, needed, free });
}

async function statsOf(directory: string): Promise<StatsFs> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  return statfs(directory);
}
