/**
 * The file of a remote configuration, from its address into memory: it is small. Size and digest are verified; what was
 * cut off is fetched again from the beginning.
 */
import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Backoff } from '../../../backoff';
import { MialinkError } from '../../../errors';
import type { CloudChannel } from '../../channel';
import { HttpSource } from '../../ota/download/http-source';
import { Interruption } from '../../ota/download/source';
import type { ConfigNotice } from './notice';

export interface FetchOptions {
  /** What the cloud gives at most; default 64 KB. */
  maxBytes?: number;
  /** Default false: `https:` only. */
  allowHttp?: boolean;
  /** Default false: a redirect from a public address to a private, loopback or link-local one is refused. */
  allowRedirectToPrivate?: boolean;
  signal?: AbortSignal;
  /** Silence after which the connection counts as cut; default 10000. */
  stallMs?: number;
  /** Waiting times between the three tries; default 1 s to 4 s. */
  backoff?: Backoff;
}

const MAX_BYTES = 64 * 1024;
const TRIES = 3;
const STALL_MS = 10_000;

/** The texts of these reasons are those of a firmware, unless told otherwise. */
const CONTEXT = 'config';

/**
 * Resolves with the verified content. Rejects with `otaUrlRefused`, `otaUrlExpired`, `otaTooLarge`, `otaDownloadFailed`,
 * `otaVerifyFailed` (in the words of a configuration) or, by the signal, `aborted`.
 */
export async function fetchConfig(
  notice: ConfigNotice,
  channel: Pick<CloudChannel, 'label' | 'additionalRoots'>,
  options: FetchOptions = {},
): Promise<Buffer> {
  const { label: device, additionalRoots: ca } = channel;
  const { maxBytes = MAX_BYTES, allowHttp = false, allowRedirectToPrivate } = options;
  const { stallMs = STALL_MS, signal } = options;
  if (notice.size > maxBytes) {
    throw new MialinkError('otaTooLarge', { device, size: notice.size, maxSize: maxBytes, context: CONTEXT });
  }
  let source: HttpSource | undefined;
  try {
    source = new HttpSource(notice.url, {
      label: device,
      ca,
      allowHttp,
      allowRedirectToPrivate,
      stallMs,
      signal,
    });
    return await receive(source, notice, device, options);
  } catch (error) {
    // Whatever broke, it broke because the caller gave up.
    if (signal?.aborted) throw new MialinkError('aborted', { device });
    throw error instanceof MialinkError ? ofConfig(error) : error;
  } finally {
    // A connection that is still being made would hold up the caller.
    source?.close().catch(() => undefined);
  }
}

async function receive(
  source: HttpSource,
  notice: ConfigNotice,
  device: string,
  { backoff = new Backoff(1_000, 4_000), signal }: FetchOptions,
): Promise<Buffer> {
  for (let tries = 1; ; tries++) {
    try {
      return verified(await contentOf(source, notice, device), notice, device);
    } catch (error) {
      if (!(error instanceof Interruption)) throw error;
      if (tries === TRIES) throw new MialinkError('otaDownloadFailed', { device, cause: error.message });
    }
    await pause(backoff.next(), undefined, { signal });
  }
}

async function contentOf(source: HttpSource, { size }: ConfigNotice, device: string): Promise<Buffer> {
  const { total = size, chunks } = await source.open(0);
  if (total !== size) throw mismatch(device, `the server has ${total} bytes instead of ${size}`);
  const received: Buffer[] = [];
  let count = 0;
  for await (const chunk of chunks) {
    count += chunk.length;
    if (count > size) throw mismatch(device, `more bytes arrived than the ${size} announced`);
    // The source writes into its buffer again.
    received.push(Buffer.from(chunk));
  }
  return Buffer.concat(received);
}

function verified(content: Buffer, { size, sign, signMethod }: ConfigNotice, device: string): Buffer {
  if (content.length !== size) throw mismatch(device, `${content.length} bytes arrived instead of ${size}`);
  const digest = createHash(signMethod).update(content).digest('hex');
  if (digest !== sign) throw mismatch(device, `its ${signMethod} digest is another one`);
  return content;
}

function mismatch(device: string, cause: string): MialinkError {
  return new MialinkError('otaVerifyFailed', { device, cause });
}

function ofConfig({ reason, values }: MialinkError): MialinkError {
  return new MialinkError(reason, { ...values, context: CONTEXT });
}
