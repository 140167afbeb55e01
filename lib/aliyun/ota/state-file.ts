/**
 * How far an upgrade is, in a file of its own (mode 0600, see upgrade-record): so it goes on after a restart, a crash
 * or a power cut.
 */
import { open } from 'node:fs/promises';
import { replaceFile } from '../replace-file';
import { encodeUpgrade, MAX_RECORD_BYTES, parseUpgrade } from './upgrade-record';
import type { Upgrade } from './upgrade-state';

/** Where the upgrade of one module survives a restart. */
export interface StateStore {
  /** Undefined when there is none. Rejects when it cannot be used. */
  load(): Promise<Upgrade | undefined>;
  /** When it resolves a power cut cannot take it away. */
  save(upgrade: Upgrade): Promise<void>;
}

/** The directory is made (mode 0700) when a state is first saved. `load` rejects for a damaged file. */
export function fileStateStore(path: string): StateStore {
  return {
    async load() {
      const text = await readIfThere(path);
      if (text === undefined) return undefined;
      const upgrade = parseUpgrade(text);
      if (!upgrade) throw new Error(`${path} is damaged`);
      return upgrade;
    },
    save: (upgrade) => replaceFile(path, encodeUpgrade(upgrade)),
  };
}

async function readIfThere(path: string): Promise<string | undefined> {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    handle = await open(path, 'r');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const found = await handle.stat();
    if (!found.isFile() || found.size > MAX_RECORD_BYTES)
      throw new Error(`${path} is no state of an upgrade`);
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}
