/**
 * One firmware file from its address to the disk: streamed, verified as it flows, continued where the connection
 * was cut, renamed at the end.
 *
 *   stored already? -> done
 *   open at the bytes received -> append … -> end -> verify -> rename -> done
 *        ^------- wait <- cut, stall, 5xx (given up after `retries` of them brought nothing new)
 */
import { resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Backoff } from '../../backoff';
import { MialinkError } from '../../errors';
import { exclusively } from './exclusive';
import { isSafeFileName } from './file-name';
import { HttpSource, Interruption } from './http-source';
import type { NoticeFile } from './notice';
import { isStored, PartFile } from './part-file';

export interface DownloadOptions {
  /** Made (mode 0700) when it does not exist. */
  directory: string;
  /** Names the device in error texts. */
  label: string;
  /** PEM certificates trusted besides Node's own roots. */
  ca?: readonly string[];
  /** Default false: `https:` only. */
  allowHttp?: boolean;
  /** In bytes; default: no limit. */
  maxSize?: number;
  signal?: AbortSignal;
  /** After each piece. `received` falls when the server makes us start over. */
  onProgress?: (received: number, size: number) => void;
  /** Silence after which the connection counts as cut; default 30000. */
  stallMs?: number;
  /** How many retries in a row may bring nothing new; default 5. */
  retries?: number;
  /** Waiting times between tries; default 2 s to 60 s, a minute in all, so that a router may restart. */
  backoff?: Backoff;
}

/**
 * Resolves with the path of the verified file. On any failure there is no file, and it rejects with a MialinkError:
 * `otaUrlRefused`, `otaUrlExpired`, `otaTooLarge`, `otaDownloadFailed`, `otaVerifyFailed`, `otaStorageFailed` or,
 * by the signal, `aborted`.
 */
export async function download(file: NoticeFile, options: DownloadOptions): Promise<string> {
  const { directory, label, maxSize, signal } = options;
  if (maxSize !== undefined && file.size > maxSize) {
    throw new MialinkError('otaTooLarge', { device: label, size: file.size, maxSize });
  }
  if (!isSafeFileName(file.name)) {
    throw new MialinkError('otaStorageFailed', {
      device: label,
      directory,
      cause: 'the file name is not safe',
    });
  }
  const path = resolve(directory, file.name);
  try {
    await exclusively(path, signal, async () => {
      signal?.throwIfAborted();
      if (!(await isStored(path, file, label, signal))) await fetchTo(path, file, options);
    });
    return path;
  } catch (error) {
    // Whatever broke, it broke because the caller gave up.
    throw signal?.aborted ? new MialinkError('aborted', { device: label }) : error;
  }
}

async function fetchTo(path: string, file: NoticeFile, options: DownloadOptions): Promise<void> {
  const { label, ca, allowHttp = false, stallMs = 30_000, signal } = options;
  const source = new HttpSource(file.url, { label, ca, allowHttp, stallMs, signal });
  try {
    const part = await PartFile.create(path, file, label);
    try {
      await fill(part, source, file, options);
      signal?.throwIfAborted();
      await part.finish();
    } catch (error) {
      await part.discard();
      throw error;
    }
  } finally {
    await source.close();
  }
}

/** Returns when the server has sent all it has; throws when that is hopeless. */
async function fill(
  part: PartFile,
  source: HttpSource,
  file: NoticeFile,
  options: DownloadOptions,
): Promise<void> {
  const { label, signal, retries = 5, backoff = new Backoff(2_000, 60_000) } = options;
  let furthest = 0;
  let retry = 0;
  for (;;) {
    try {
      await receive(part, source, file, options);
      return;
    } catch (error) {
      if (!(error instanceof Interruption)) throw error;
      if (part.received === file.size) return;
      if (part.received > furthest) {
        furthest = part.received;
        retry = 0;
        backoff.reset();
      }
      if (retry === retries) {
        throw new MialinkError('otaDownloadFailed', { device: label, cause: error.message });
      }
    }
    retry++;
    await pause(backoff.next(), undefined, { signal });
  }
}

async function receive(
  part: PartFile,
  source: HttpSource,
  file: NoticeFile,
  options: DownloadOptions,
): Promise<void> {
  const piece = await source.open(part.received);
  if (piece.total !== undefined && piece.total !== file.size) {
    const cause = `the server has ${piece.total} bytes instead of ${file.size}`;
    throw new MialinkError('otaVerifyFailed', { device: options.label, cause });
  }
  if (piece.offset !== part.received) await part.startOver();
  for await (const chunk of piece.chunks) {
    await part.append(chunk);
    options.onProgress?.(part.received, file.size);
  }
}
