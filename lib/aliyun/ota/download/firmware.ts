/** All the files of one notice, as one: every one of them is stored and verified, or the firmware has failed. */
import { rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { MialinkError } from '../../../errors';
import type { FirmwareNotice } from '../notice';
import { assertRoom } from './disk-space';
import { type DownloadOptions, type download, isContinued } from './download';
import { recordFirmware } from './old-versions';
import { bytesOnDisk } from './part-file';

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
 * is continued, and is removed if it has failed for good. Written down is only what is complete.
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
  await assertRoomForAll(notice, directory, label);
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
    if (!isContinued(error)) for (const path of paths) await rm(path, { force: true }).catch(() => {});
    throw error;
  }
}

/** Whether there is a file of the right size for each: a firmware that an earlier run has stored, by all appearance. */
export async function looksComplete({ files }: FirmwareNotice, directory: string): Promise<boolean> {
  for (const { name, size } of files) {
    if ((await bytesOnDisk(resolve(directory, name))).stored !== size) return false;
  }
  return true;
}

/** A single file asks for itself. */
async function assertRoomForAll({ files }: FirmwareNotice, directory: string, label: string): Promise<void> {
  if (files.length < 2) return;
  let missing = 0;
  for (const { name, size } of files) {
    // What is there and no good makes room for what is right.
    const { stored, part } = await bytesOnDisk(resolve(directory, name));
    missing += Math.max(0, size - stored - part);
  }
  await assertRoom(directory, missing, label);
}
