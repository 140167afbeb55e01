/** What a new or removed file needs besides its own sync. */
import { open } from 'node:fs/promises';

/** Makes the names in the directory outlast a power cut. */
export async function syncDirectory(path: string): Promise<void> {
  // Windows cannot open a directory, and its file systems keep a journal of names.
  if (process.platform === 'win32') return;
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
