/**
 * Opens what a person gives: a file, a folder, a tar or an Android backup. What it is, its content says, never its
 * name. All of them are a row of files then.
 */
import { createReadStream } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { MialinkError } from '../../errors';
import { isBackup, MAX_HEADER_BYTES, openBackup } from './android-backup';
import { isTar, type Member, tarMembers } from './tar';

export interface OpenSource {
  kind: 'file' | 'folder' | 'archive' | 'backup';
  members: AsyncIterable<Member>;
}

export interface SourceOptions {
  /** What texts call it. */
  file: string;
  /** Of an Android backup; blank: none. */
  password: string;
  /** Ends the reading of an archive: its members throw the signal's reason. */
  signal?: AbortSignal;
}

/** Of a file as it is, and of what a packed one becomes. */
const MAX_MEGABYTES = 512;
const MAX_FOLDER_DEPTH = 8;

/** Throws what `openBackup` throws, and the errors of the file system. */
export async function openSource(path: string, options: SourceOptions): Promise<OpenSource> {
  const { file, password } = options;
  const { size, isDirectory } = await lookAt(path);
  if (isDirectory) return { kind: 'folder', members: folderMembers(path, MAX_FOLDER_DEPTH) };
  const start = await readStart(path);
  if (isBackup(start)) {
    const tar = await openBackup(path, start, file, password);
    return { kind: 'backup', members: tarMembers(limited(tar, options)) };
  }
  if (isTar(start)) return { kind: 'archive', members: tarMembers(limited(createReadStream(path), options)) };
  return { kind: 'file', members: fileMembers(path, size) };
}

async function lookAt(path: string): Promise<{ size: number; isDirectory: boolean }> {
  const found = await stat(path);
  const isDirectory = found.isDirectory();
  // A pipe or a device may never end.
  if (!isDirectory && !found.isFile()) throw new Error('it is no file');
  return { size: found.size, isDirectory };
}

async function readStart(path: string): Promise<Buffer> {
  const handle = await open(path);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(MAX_HEADER_BYTES));
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** The file and, if it is a database with one, its write-ahead log: what was written last is only there. */
async function* fileMembers(path: string, size: number): AsyncGenerator<Member> {
  yield fileMember(path, size);
  const log = await stat(`${path}-wal`).catch(() => undefined);
  if (log?.isFile()) yield fileMember(`${path}-wal`, log.size);
}

/** Links are not followed: a folder may come from anybody. */
async function* folderMembers(folder: string, levels: number): AsyncGenerator<Member> {
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries.sort((one, other) => (one.name < other.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isFile()) yield fileMember(path, (await stat(path)).size);
    if (entry.isDirectory() && levels > 0) yield* folderMembers(path, levels - 1);
  }
}

function fileMember(path: string, size: number): Member {
  // Opened when it is read: a folder has many.
  const content = {
    async *[Symbol.asyncIterator]() {
      if (size > 0) yield* createReadStream(path, { end: size - 1 });
    },
  };
  return { name: path, size, content };
}

/** A few bytes unpack to any number. */
async function* limited(stream: Readable, { file, signal }: SourceOptions): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of stream) {
    signal?.throwIfAborted();
    bytes += chunk.length;
    if (bytes > MAX_MEGABYTES * 2 ** 20)
      throw new MialinkError('tokensTooLarge', { file, limit: MAX_MEGABYTES });
    yield chunk;
  }
}
