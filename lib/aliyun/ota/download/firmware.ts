/** All the files of one notice, as one: every one of them is stored and verified, or the firmware has failed. */
import { rm } from 'node:fs/promises';
import { MialinkError } from '../../../errors';
import type { FirmwareNotice } from '../notice';
import { type DownloadOptions, type download, isContinued } from './download';
import { recordFirmware } from './old-versions';

/** `maxSize` and `onProgress` are about the sum of the files. */
export type FirmwareOptions = DownloadOptions & { signal: AbortSignal };

/** Bytes of all files. */
export function sizeOf(notice: FirmwareNotice): number {
  return notice.files.reduce((sum, file) => sum + file.size, 0);
}

/** Whether two notices are about the same bytes; addresses differ from push to push. */
export function isSameFirmware(one: FirmwareNotice, other: FirmwareNotice): boolean {
  const signs = (notice: FirmwareNotice) => notice.files.map((file) => file.sign).join();
  return one.version === other.version && signs(one) === signs(other);
}

/**
 * Resolves with the paths, in the order of the notice. Rejects as `download` does; what is stored by then stays if that
 * is continued, and is removed if it has failed for good.
 */
export async function fetchFirmware(
  notice: FirmwareNotice,
  options: FirmwareOptions,
  fetchFile: typeof download,
): Promise<string[]> {
  const { directory, label, maxSize, signal, onProgress } = options;
  const size = sizeOf(notice);
  if (maxSize !== undefined && size > maxSize) {
    throw new MialinkError('otaTooLarge', { device: label, size, maxSize });
  }
  const paths: string[] = [];
  let before = 0;
  try {
    for (const file of notice.files) {
      const start = before;
      const path = await fetchFile(file, {
        ...options,
        onProgress: (received) => onProgress?.(start + received, size),
      });
      paths.push(path);
      before += file.size;
    }
    await recordFirmware(directory, notice.module, paths);
    if (signal.aborted) throw new MialinkError('aborted', { device: label });
    return paths;
  } catch (error) {
    if (isContinued(error)) await recordFirmware(directory, notice.module, paths);
    else for (const path of paths) await rm(path, { force: true }).catch(() => {});
    throw error;
  }
}
