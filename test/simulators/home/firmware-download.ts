/**
 * How a device fetches its firmware: one GET for the whole file, or a GET with Range for each piece.
 *
 *   GET app_url                            ->  200, Content-Length
 *   GET app_url, Range: bytes=first-last   ->  206, Content-Range: bytes first-last/total, Content-Length
 *
 * The server must say how long everything is, and keep its word. Source: reference/miio.md 4.4; RFC 9110 for the rest.
 */
import { once } from 'node:events';
import http, { type IncomingMessage } from 'node:http';

const MAX_IMAGE_BYTES = 256 * 1024 * 1024;

export interface DownloadOptions {
  /** Where the connections come from. */
  localAddress: string;
  /** Bytes of one GET; undefined: one GET for the whole file. */
  pieceBytes: number | undefined;
  signal: AbortSignal;
  /** Told of the percentage that has come, 0..100; nothing more is read until it resolves. */
  progressed(percent: number): Promise<void>;
}

/** The file at an http address. Rejects on anything but what the header says, and when `signal` is aborted. */
export async function download(url: string, options: DownloadOptions): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let received = 0;
  let total = 0;
  do {
    const asked = options.pieceBytes
      ? { first: received, last: received + options.pieceBytes - 1 }
      : undefined;
    const { body, totalBytes } = await get(url, asked, options);
    total = totalBytes;
    for await (const chunk of body) {
      chunks.push(chunk);
      received += chunk.length;
      await options.progressed(Math.floor((received / total) * 100));
    }
  } while (received < total);
  return Buffer.concat(chunks);
}

async function get(
  url: string,
  asked: { first: number; last: number } | undefined,
  { localAddress, signal }: DownloadOptions,
): Promise<{ body: IncomingMessage; totalBytes: number }> {
  const headers = asked ? { range: `bytes=${asked.first}-${asked.last}` } : {};
  const request = http.get(url, { localAddress, signal, headers, agent: false });
  // `once` tells of an error before the response, who reads the body of one in the middle of it.
  request.on('error', () => {});
  const [response] = await once(request, 'response');
  try {
    return { body: response, totalBytes: totalBytesOf(response, asked) };
  } catch (error) {
    request.destroy();
    throw error;
  }
}

/** The length of the whole file; throws when the response does not bring what was asked for. */
function totalBytesOf(
  { statusCode, headers }: IncomingMessage,
  asked: { first: number; last: number } | undefined,
): number {
  if (statusCode !== (asked ? 206 : 200)) throw new Error(`status ${statusCode}`);
  const length = headers['content-length'] ?? '';
  if (!/^[1-9]\d*$/.test(length) || Number(length) > MAX_IMAGE_BYTES)
    throw new Error('no good Content-Length');
  if (!asked) return Number(length);
  const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(headers['content-range'] ?? '') ?? [];
  const right = Number(first) === asked.first && Number(last) === Math.min(asked.last, Number(total) - 1);
  if (!right || Number(length) !== Number(last) - asked.first + 1) throw new Error('no good Content-Range');
  return Number(total);
}
