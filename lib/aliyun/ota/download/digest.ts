/**
 * The digest of a file, read back from the disk: so it vouches for what is stored, not for what passed through memory,
 * and a download that continues after a restart needs nothing but the file.
 *
 * A large file is followed by a thread while it grows, beside the TLS of what is still to come; what it reads is in the
 * system's cache. A small one is read in this thread at the end: a thread of its own would cost more than it saves.
 */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import { deferred } from '../../../wait';
import type { DigestMethod } from '../notice';
import { DIGEST_WORKER } from './digest-worker';

/** A thread of its own costs about 40 ms and 8 MB. */
export const WORKER_FROM_BYTES = 16 * 1024 * 1024;

/** What the digest of a few kilobytes a message takes is nothing: no need to count messages. */
const PIECE_BYTES = 256 * 1024;

export class FileDigest {
  private readonly worker: Worker | undefined;
  /** The worker's; undefined when it had to give up, or there is none. */
  private readonly followed: Promise<string | undefined>;

  /** `size` is what the file will have in the end. */
  constructor(
    private readonly path: string,
    private readonly method: DigestMethod,
    size: number,
  ) {
    const answer = deferred<string | undefined>();
    this.followed = answer.promise;
    this.worker = size < WORKER_FROM_BYTES ? undefined : start(path, method, answer.resolve);
    if (!this.worker) answer.resolve(undefined);
  }

  /** The file holds this many bytes now. */
  advance(upTo: number): void {
    this.worker?.postMessage({ upTo, last: false });
  }

  /**
   * Of the first `size` bytes, in lower-case hexadecimal digits. Rejects when the file cannot be read, or with the
   * signal's reason.
   */
  async finish(size: number, signal?: AbortSignal): Promise<string> {
    this.worker?.postMessage({ upTo: size, last: true });
    const stop = () => void this.close();
    signal?.addEventListener('abort', stop);
    try {
      // A thread that died, for want of memory for example, costs time and not the firmware.
      return (await this.followed) ?? (await readDigest(this.path, this.method, signal));
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }

  /** Ends the thread, if it has not ended. Never rejects. */
  async close(): Promise<void> {
    await this.worker?.terminate();
  }
}

/** Undefined if the system gives no thread. `settle` is called once, with the digest or nothing. */
function start(
  path: string,
  method: DigestMethod,
  settle: (digest: string | undefined) => void,
): Worker | undefined {
  try {
    const worker = new Worker(DIGEST_WORKER, {
      eval: true,
      // None of the program's own loaders.
      execArgv: [],
      workerData: { path, method },
      resourceLimits: { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 16 },
    });
    worker.once('message', (digest: unknown) => settle(typeof digest === 'string' ? digest : undefined));
    worker.on('error', () => settle(undefined));
    worker.once('exit', () => settle(undefined));
    return worker;
  } catch {
    return undefined;
  }
}

async function readDigest(
  path: string,
  method: DigestMethod,
  signal: AbortSignal | undefined,
): Promise<string> {
  const hash = createHash(method);
  const file = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
  try {
    const piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
    for (;;) {
      signal?.throwIfAborted();
      const { bytesRead } = await file.read(piece, 0, piece.length);
      if (bytesRead === 0) return hash.digest('hex');
      hash.update(piece.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
}
