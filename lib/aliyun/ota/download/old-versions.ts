/**
 * Which firmware files are ours to remove. The directory is that of one device, and may be the user's own, so nothing is
 * guessed from names: what was stored is written down beside it, in `.firmware.json`, the oldest first:
 *
 *   [{"module":"default","names":["default-1.0.0.bin"]}, …]
 */
import { readFile, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { isRecord } from '../../../untrusted';
import { exclusively } from '../../exclusive';
import { replaceFile } from '../../replace-file';
import { isSafeFileName } from './file-name';

interface Stored {
  module: string;
  names: string[];
}

const RECORD = '.firmware.json';
const LARGEST_RECORD_BYTES = 1024 * 1024;

/**
 * Writes down that these files of a module are stored. Never rejects: what is not written down is not removed later.
 */
export async function recordFirmware(
  directory: string,
  module: string,
  paths: readonly string[],
): Promise<void> {
  if (paths.length === 0) return;
  const names = paths.map((path) => basename(path));
  await change(directory, (stored) => [...withoutNames(stored, names), { module, names }]);
}

/**
 * Removes all but the newest `keep` firmwares of a module and the current one; `current` are its files. Only what was
 * written down. Never rejects: what cannot be removed is tried again the next time.
 */
export async function removeOldFirmware(
  directory: string,
  keep: number,
  current: readonly string[],
): Promise<void> {
  // On a disk that ignores case it may have the file of a version that was written otherwise.
  const inUse = new Set(current.map((path) => basename(path).toLowerCase()));
  const isCurrent = ({ names }: Stored) => names.some((name) => inUse.has(name.toLowerCase()));
  await change(directory, async (stored) => {
    const module = stored.find(isCurrent)?.module;
    const old = stored.filter((one) => one.module === module && !isCurrent(one));
    const leaving = old.slice(0, Math.max(0, old.length - keep));
    for (const name of leaving.flatMap(({ names }) => names)) {
      await rm(join(directory, name), { force: true });
    }
    return stored.filter((one) => !leaving.includes(one));
  });
}

/**
 * Removes these files of a firmware that nobody wants any more, and what is written down of them. Never rejects: what
 * cannot be removed stays written down.
 */
export async function removeFirmware(directory: string, names: readonly string[]): Promise<void> {
  const gone: string[] = [];
  for (const name of names.filter(isSafeFileName)) {
    const removed = rm(join(directory, name), { force: true });
    await removed.then(() => gone.push(name)).catch(() => {});
  }
  await change(directory, (stored) => withoutNames(stored, gone));
}

/** One change at a time. */
async function change(
  directory: string,
  changed: (stored: Stored[]) => Stored[] | Promise<Stored[]>,
): Promise<void> {
  const path = join(directory, RECORD);
  await exclusively(path, undefined, async () => {
    const before = await read(path);
    const after = await changed(before);
    const text = JSON.stringify(after);
    if (text !== JSON.stringify(before)) await replaceFile(path, `${text}\n`);
  }).catch(() => {});
}

/** A file belongs to one firmware: that which was stored last. */
function withoutNames(stored: readonly Stored[], gone: readonly string[]): Stored[] {
  return stored
    .map(({ module, names }) => ({ module, names: names.filter((name) => !gone.includes(name)) }))
    .filter(({ names }) => names.length > 0);
}

/** Nothing when there is no record; what is none of ours in it is left out. */
async function read(path: string): Promise<Stored[]> {
  const about = await stat(path).catch(() => undefined);
  if (!about?.isFile() || about.size > LARGEST_RECORD_BYTES) return [];
  return storedIn(await readFile(path, 'utf8'));
}

function storedIn(text: string): Stored[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return [];
  }
  return Array.isArray(value) ? value.filter(isStored) : [];
}

function isStored(value: unknown): value is Stored {
  if (!isRecord(value) || typeof value.module !== 'string' || !Array.isArray(value.names)) return false;
  return value.names.every((name) => typeof name === 'string' && isSafeFileName(name));
}
