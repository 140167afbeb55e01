/** A web server of the test's own: HTTPS on loopback with a certificate made for it, and HTTP on request. */
import { createHash } from 'node:crypto';
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { generate } from 'selfsigned';
import type { DigestMethod, NoticeFile } from '../../../../../lib/aliyun/ota/notice';

/** Answers one request; `count` is 1 for the first. */
export type Behaviour = (request: IncomingMessage, response: ServerResponse, count: number) => void;

export class FirmwareServer {
  /** The `Range` header of each request so far. */
  readonly ranges: (string | undefined)[] = [];
  private held: { end: number; response: ServerResponse } | undefined;

  private constructor(
    private readonly server: Server,
    /** PEM. */
    readonly ca: string,
    private readonly origin: string,
  ) {}

  static async start(behaviour: Behaviour, protocol: 'https' | 'http' = 'https'): Promise<FirmwareServer> {
    const certificate = await madeOnce();
    const server: Server =
      protocol === 'https'
        ? createHttpsServer({ key: certificate.private, cert: certificate.cert })
        : createHttpServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (typeof address !== 'object' || address === null) throw new Error('the server has no port');
    const started = new FirmwareServer(server, certificate.cert, `${protocol}://127.0.0.1:${address.port}`);
    server.on('request', (request, response) => {
      started.ranges.push(request.headers.range);
      behaviour(request, response, started.ranges.length);
    });
    return started;
  }

  url(path = '/firmware.bin'): string {
    return `${this.origin}${path}?Signature=topsecret`;
  }

  /** Announces all of `content`, and breaks the connection when the client has got what lies before `end`. */
  cutAt(end: number, content: Buffer, request: IncomingMessage, response: ServerResponse): void {
    const start = startOf(request);
    response.writeHead(start > 0 ? 206 : 200, {
      'content-length': content.length - start,
      ...(start > 0 ? rangeFrom(start, content) : {}),
    });
    this.hold(end, response);
    response.write(content.subarray(start, end));
    if (start === end) this.clientHas(end);
  }

  /** Breaks the connection of `response` when the client has got `end` bytes. */
  hold(end: number, response: ServerResponse): void {
    this.held = { end, response };
  }

  /** To be called with the client's progress: a cut at any other time would lose bytes that are under way. */
  clientHas(received: number): void {
    if (received === this.held?.end) this.held.response.destroy();
  }

  close(): Promise<void> {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }
}

let certificate: ReturnType<typeof generate> | undefined;

function madeOnce(): ReturnType<typeof generate> {
  certificate ??= generate([{ name: 'commonName', value: '127.0.0.1' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
  });
  return certificate;
}

/** Serves `content`, from the offset that `Range` asks for. */
export function serve(content: Buffer, request: IncomingMessage, response: ServerResponse): void {
  const start = startOf(request);
  const rest = content.subarray(start);
  const headers = { 'content-length': rest.length, ...(start > 0 ? rangeFrom(start, content) : {}) };
  response.writeHead(start > 0 ? 206 : 200, headers).end(rest);
}

function rangeFrom(start: number, content: Buffer): { 'content-range': string } {
  return { 'content-range': `bytes ${start}-${content.length - 1}/${content.length}` };
}

function startOf(request: IncomingMessage): number {
  return Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
}

/** What a notice would say of `content`. */
export function fileOf(content: Buffer, url: string, signMethod: DigestMethod = 'sha256'): NoticeFile {
  const sign = createHash(signMethod).update(content).digest('hex');
  return { name: 'default-2.0.0.bin', url, size: content.length, signMethod, sign };
}
