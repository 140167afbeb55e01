/** A version informed last, in a file of its own: one line of text. */
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { MialinkError, messageOf } from '../../errors';
import { replaceFile } from '../replace-file';
import type { VersionStore } from './version';

/**
 * The directory is made (mode 0700) when a version is first saved. `save` rejects with `versionNotKept`, for
 * whose text `label` names the device.
 */
export function fileVersionStore(path: string, label = 'device'): VersionStore {
  return {
    async load() {
      try {
        return (await readFile(path, 'utf8')).trim() || undefined;
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    },
    async save(version) {
      try {
        await replaceFile(path, `${version}\n`);
      } catch (error) {
        const values = { device: label, version, directory: dirname(path), cause: messageOf(error) };
        throw new MialinkError('versionNotKept', values);
      }
    },
  };
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
