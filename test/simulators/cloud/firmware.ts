/**
 * The download side of OTA: HTTPS with a signed URL, Range, HEAD, and the ways a download goes wrong.
 *
 *   GET /ota/${n}/${name}?auth_key=${time}-${random}-0-${digest}    200 | 206 + Content-Range | 403 | 404 | 416
 *
 * Source: reference/aliyun.md 5.3.
 */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import https from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';

interface File {
  content: Buffer;
  /** null: expired. */
  authKey: string | null;
}

/** A request as it came; `url` without the query, which is a secret. */
export interface FirmwareRequest {
  method: string;
  range: string | null;
  url: string;
}

/** First and last byte, both included. */
interface Span {
  first: number;
  last: number;
}

const CHUNK_BYTES = 64 * 1024;
const PACE_MS = 50;

export class FirmwareServer {
  /** Destroys the connection after so many bytes of one response, `cutTimes` times. */
  cutAfter: number | null = null;
  cutTimes = 1;
  /** Sends nothing more after so many bytes of one response, and keeps the connection open. */
  stallAfter: number | null = null;
  /** Answers 200 with the whole file whatever Range asks. */
  ignoreRange = false;
  /** Answers every request with this status and no body. */
  status: number | null = null;
  /** Redirects (302) every request but one to this very URL. */
  redirectTo: string | null = null;
  /** Slows each download down, so that a bar is seen moving. */
  bytesPerSecond: number | null = null;
  readonly requests: FirmwareRequest[] = [];

  private readonly files = new Map<string, File>();
  private readonly server: https.Server;
  private readonly origin: string;

  /** `port` 0 takes any free one. */
  static async start(
    host: string,
    port: number,
    certificate: { key: string; cert: string },
  ): Promise<FirmwareServer> {
    const server = https.createServer(certificate);
    server.listen(port, host);
    await once(server, 'listening'); // rejects on 'error'
    return new FirmwareServer(server, host);
  }

  private constructor(server: https.Server, host: string) {
    this.server = server;
    this.origin = `https://${host}:${this.port}`;
    server.on('error', () => {});
    server.on('tlsClientError', () => {}); // a client that does not trust our authority: its own test sees it
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      response.on('error', () => {});
      // Rejects only when the client goes away in mid-file.
      this.answer(request, response).catch(() => response.destroy());
    });
  }

  get port(): number {
    const address = this.server.address();
    return address !== null && typeof address === 'object' ? address.port : 0;
  }

  /** Offers a file; gives its signed URL. */
  serve(name: string, content: Buffer): string {
    const path = `/ota/${this.files.size + 1}/${encodeURIComponent(name)}`;
    const time = Math.floor(Date.now() / 1000);
    const nonce = randomBytes(8).toString('hex');
    const authKey = `${time}-${nonce}-0-${createHash('md5').update(path).update(nonce).digest('hex')}`;
    this.files.set(path, { content, authKey });
    return `${this.origin}${path}?auth_key=${authKey}`;
  }

  /** Every URL that was given out so far is answered 403 from now on. */
  expire(): void {
    for (const file of this.files.values()) file.authKey = null;
  }

  async close(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.origin);
    this.requests.push({
      method: request.method ?? '',
      range: request.headers.range ?? null,
      url: url.origin + url.pathname,
    });
    if (this.redirectTo !== null && url.href !== this.redirectTo) {
      response.writeHead(302, { location: this.redirectTo }).end();
      return;
    }
    const file = this.files.get(url.pathname);
    const status = this.status ?? refusal(request, file, url.searchParams.get('auth_key'));
    if (status !== null || !file) {
      response.writeHead(status ?? 404).end();
      return;
    }
    const size = file.content.length;
    const span = this.ignoreRange ? null : parseRange(request.headers.range, size);
    if (span === 'unsatisfiable') {
      response.writeHead(416, { 'content-range': `bytes */${size}` }).end();
      return;
    }
    const { first, last } = span ?? { first: 0, last: size - 1 };
    response.writeHead(span ? 206 : 200, {
      'content-type': 'application/octet-stream',
      'content-length': last - first + 1,
      'accept-ranges': 'bytes',
      ...(span ? { 'content-range': `bytes ${first}-${last}/${size}` } : {}),
    });
    if (request.method === 'HEAD') response.end();
    else await this.send(response, file.content.subarray(first, last + 1));
  }

  private async send(response: ServerResponse, body: Buffer): Promise<void> {
    const cut = this.cutTimes > 0 ? this.cutAfter : null;
    const end = Math.min(body.length, cut ?? Infinity, this.stallAfter ?? Infinity);
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    for (let offset = 0; offset < end; ) {
      const pace =
        this.bytesPerSecond === null ? CHUNK_BYTES : Math.ceil((this.bytesPerSecond * PACE_MS) / 1000);
      const chunk = body.subarray(offset, Math.min(offset + pace, end));
      offset += chunk.length;
      if (!response.write(chunk)) await once(response, 'drain', { signal: gone.signal });
      if (this.bytesPerSecond !== null) await delay(PACE_MS, undefined, { signal: gone.signal });
    }
    if (end === body.length) response.end();
    else if (end === cut) {
      this.cutTimes -= 1;
      // The bytes so far must reach the client, then the connection breaks.
      response.write('', () => response.destroy());
    }
  }
}

/** The status to refuse with, or null. */
function refusal(request: IncomingMessage, file: File | undefined, authKey: string | null): number | null {
  if (request.method !== 'GET' && request.method !== 'HEAD') return 405;
  if (!file) return 404;
  return authKey !== null && authKey === file.authKey ? null : 403;
}

/** One range from a given byte on; null for no header, or one that a server may ignore. */
function parseRange(header: string | undefined, size: number): Span | 'unsatisfiable' | null {
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(header ?? '') ?? [];
  if (from === undefined) return null;
  const first = Number(from);
  const last = to ? Math.min(Number(to), size - 1) : size - 1;
  return first > last ? 'unsatisfiable' : { first, last };
}
