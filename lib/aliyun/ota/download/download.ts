/**
 * One firmware file from its address to the disk: streamed, verified, continued where the connection was cut or an
 * earlier run was ended, renamed at the end.
 *
 *   stored already? -> done
 *   open the part -> fetch the rest -> verify -> rename -> done
 *                      |    ^             | wrong, and its beginning is of an earlier run: once more from byte 0
 *                      |    '-------------'
 *                      open at the bytes received -> append … -> end
 *                           ^------- wait <- cut, stall, 5xx, no way to the server (for as long as `Patience` has it)
 */
import { resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Backoff } from '../../../backoff';
import { MialinkError } from '../../../errors';
import { exclusively } from '../../exclusive';
import type { NoticeFile, StreamAddress } from '../notice';
import { assertRoom } from './disk-space';
import { isSafeFileName } from './file-name';
import { LEAST_BYTES } from './gather';
import { HttpSource } from './http-source';
import { isStored, PartFile, removePart } from './part-file';
import { Patience } from './patience';
import { Interruption, type Source } from './source';

export interface DownloadOptions {
  /** Made (mode 0700) when it does not exist. */
  directory: string;
  /** Names the device in error texts. */
  label: string;
  /** PEM certificates trusted besides Node's own roots. */
  ca?: readonly string[];
  /** Default false: `https:` only. */
  allowHttp?: boolean;
  /** Default false: a redirect from a public address to a private, loopback or link-local one is refused. */
  allowRedirectToPrivate?: boolean;
  /** For files that come over the MQTT connection; without it they fail. */
  openStream?: (stream: StreamAddress) => Source;
  /** In bytes; default: no limit. */
  maxSize?: number;
  signal?: AbortSignal;
  /** After each piece. `received` falls when the file has to be fetched from its beginning again. */
  onProgress?: (received: number, size: number) => void;
  /** Silence, or less than a kilobyte, for so long counts as cut; default 30000. */
  stallMs?: number;
  /** How many retries in a row may bring nothing new, though the server answers; default 5. */
  retries?: number;
  /** How long a server that cannot be reached is tried, before the retries count; default 24 hours. */
  outageMs?: number;
  /** Waiting times between tries; default 2 s to 60 s, so the five retries take a minute. */
  backoff?: Backoff;
}

const OUTAGE_MS = 24 * 60 * 60 * 1000;

/**
 * Resolves with the path of the verified file. Rejects with a MialinkError: `otaUrlRefused`, `otaUrlExpired`,
 * `otaTooLarge`, `otaNoSpace`, `otaDownloadFailed`, `otaVerifyFailed`, `otaStorageFailed` or, by the signal, `aborted`.
 *
 * After `aborted` and `otaUrlExpired`, and when the process ends, `<name>.part` stays and the next call continues it:
 * the same file, perhaps from a fresh address. After any other failure there is no file.
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

/** Removes what an unfinished download left, when nobody will continue it. Waits for one under way. Never rejects. */
export async function discardPart(directory: string, file: NoticeFile): Promise<void> {
  if (!isSafeFileName(file.name)) return;
  const path = resolve(directory, file.name);
  await exclusively(path, undefined, () => removePart(path));
}

/** Whether a download that ended so is worth to be continued by the next one. */
export function isContinued(error: unknown): boolean {
  return error instanceof MialinkError && (error.reason === 'aborted' || error.reason === 'otaUrlExpired');
}

async function fetchTo(path: string, file: NoticeFile, options: DownloadOptions): Promise<void> {
  const { label, directory, signal } = options;
  const part = await PartFile.open(path, file, label);
  try {
    await assertRoom(directory, file.size - part.received, label);
    const source = openSource(file, options);
    try {
      await fill(part, source, file, options);
      await verify(part, source, file, options);
    } finally {
      await source.close();
    }
    signal?.throwIfAborted();
    await part.finish();
  } catch (error) {
    await (signal?.aborted || isContinued(error) ? part.keep() : part.discard());
    throw error;
  }
}

function openSource(file: NoticeFile, options: DownloadOptions): Source {
  const { label, ca, allowHttp = false, allowRedirectToPrivate, stallMs = 30_000, signal } = options;
  if (!file.stream) {
    return new HttpSource(file.url ?? '', { label, ca, allowHttp, allowRedirectToPrivate, stallMs, signal });
  }
  if (options.openStream) return options.openStream(file.stream);
  const cause = 'it comes over the MQTT connection, and there is none here; push it with HTTPS';
  throw new MialinkError('otaDownloadFailed', { device: label, cause });
}

/** Verifies what has arrived; what an earlier run left may be of another file, or damaged by a power cut. */
async function verify(
  part: PartFile,
  source: Source,
  file: NoticeFile,
  options: DownloadOptions,
): Promise<void> {
  try {
    await part.verify(options.signal);
  } catch (error) {
    if (part.continued === 0) throw error;
    await part.startOver();
    await fill(part, source, file, options);
    await part.verify(options.signal);
  }
}

/** Returns when all bytes are there, or the source has no more; throws when that is hopeless. */
async function fill(
  part: PartFile,
  source: Source,
  file: NoticeFile,
  options: DownloadOptions,
): Promise<void> {
  const { label, signal, retries = 5, outageMs = OUTAGE_MS } = options;
  const { backoff = new Backoff(2_000, 60_000) } = options;
  const patience = new Patience(retries, outageMs);
  // An earlier run that ended while it verified has left all of them.
  if (part.received === file.size) return;
  let furthest = part.received;
  for (;;) {
    try {
      await receive(part, source, file, options);
      return;
    } catch (error) {
      if (!(error instanceof Interruption)) throw error;
      if (part.received === file.size) return;
      // A body that drips must not go on for ever.
      if (part.received >= furthest + LEAST_BYTES) {
        furthest = part.received;
        patience.renew();
        backoff.reset();
      }
      if (!patience.allows(error)) {
        throw new MialinkError('otaDownloadFailed', { device: label, cause: error.message });
      }
    }
    await pause(backoff.next(), undefined, { signal });
  }
}

async function receive(
  part: PartFile,
  source: Source,
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
