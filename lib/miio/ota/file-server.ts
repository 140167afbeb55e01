/**
 * A small web server for one firmware file, open for as long as its upgrade takes:
 *
 *   GET, HEAD /<16 random bytes as hex>/<name of the file>     200, or 206 and 416 for `Range`
 *   another path 404      another method 405
 *
 * The path is the key: nobody knows it but the device, which gets it encrypted. The sender's address is not checked,
 * since behind a Docker bridge or a router it is not the device's.
 * Source: RFC 9110; what devices ask for is told by python-miio's updater and the field reports on it.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { MialinkError } from '../../errors';
import { networkCause } from '../socket';
import type { FirmwareFile } from './firmware-file';
import { type Range, readRange } from './range';

export interface FileServerOptions {
  /** Names the device in error texts. */
  label: string;
  /** Where to listen: an IPv4 address of this machine. */
  host: string;
  /** What stands in the URL. */
  address: string;
  /** Default: any that is free. */
  port?: number;
  /** Of each connection: how long nothing may move; default 60000. */
  stallMs?: number;
  /** The file cannot be read any more: `firmwareUnreadable`. */
  onUnreadable?: (error: MialinkError) => void;
}

/** Connections of those that do not know the path, or have yet to ask; of a newer one the oldest makes room. */
const MOST_STRANGERS = 32;
/** A device needs one or two; the rest is for one that leaves its half open. */
const MOST_CONNECTIONS = 2 * MOST_STRANGERS;
const HEADERS_MS = 10_000;
const MAX_HEADER_BYTES = 8 * 1024;
/** Firmware has little room for a URL. */
const LONGEST_NAME = 40;

export class FileServer {
  /** How often the file, or a piece of it, was asked for. */
  requests = 0;
  private bytesSent = 0;
  private readonly answers = new Set<Promise<void>>();
  /** The oldest first. */
  private readonly strangers = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    /** `address:port`, as it stands in the URL. */
    readonly location: string,
    private readonly path: string,
    private readonly file: FirmwareFile,
    private readonly options: FileServerOptions,
  ) {
    server.on('connection', (socket) => this.admit(socket));
    server.on('request', (request, response) => this.track(this.answer(request, response)));
  }

  /** Rejects with `firmwareNotServed`. */
  static async start(file: FirmwareFile, options: FileServerOptions): Promise<FileServer> {
    const { label, host, address, port = 0, stallMs = 60_000 } = options;
    const server = createServer({ headersTimeout: HEADERS_MS, maxHeaderSize: MAX_HEADER_BYTES });
    // Beside the listener of `once` below: one that stays, so that no error of the server is ever unheard.
    server.on('error', () => {});
    server.maxConnections = MOST_CONNECTIONS;
    server.setTimeout(stallMs);
    try {
      server.listen(port, host);
      await once(server, 'listening');
    } catch (cause) {
      const values = { device: label, address: host, port, cause: networkCause(cause) };
      throw new MialinkError('firmwareNotServed', values, { cause });
    }
    const bound = server.address();
    const boundPort = typeof bound === 'object' && bound !== null ? bound.port : port;
    const path = `/${randomBytes(16).toString('hex')}/${plainName(file.path)}`;
    return new FileServer(server, `${address}:${boundPort}`, path, file, options);
  }

  /** How often the whole file was fetched, all pieces added up; 0.5: half of it. */
  get fetched(): number {
    return this.bytesSent / this.file.size;
  }

  /** A secret: whoever knows it gets the file. */
  get url(): string {
    return `http://${this.location}${this.path}`;
  }

  /** Cuts every connection, and resolves when nobody reads the file any more. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await Promise.all([closed, ...this.answers]);
  }

  /** Idle strangers must not keep the device out. */
  private admit(socket: Socket): void {
    const [oldest] = this.strangers;
    if (oldest && this.strangers.size === MOST_STRANGERS) {
      this.strangers.delete(oldest);
      oldest.destroy();
    }
    this.strangers.add(socket);
    socket.once('close', () => this.strangers.delete(socket));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A body that nobody reads would block the connection.
    request.resume();
    response.on('error', () => {});
    if (request.url !== this.path) return refuse(response, 404);
    this.strangers.delete(request.socket);
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return refuse(response, 405, { Allow: 'GET, HEAD' });
    }
    this.requests++;
    const { size } = this.file;
    // Only a GET has ranges.
    const range = request.method === 'GET' ? readRange(request.headers.range, size) : undefined;
    if (range === 'unsatisfiable') return refuse(response, 416, { 'Content-Range': `bytes */${size}` });
    response.writeHead(range ? 206 : 200, headersOf(range, size));
    if (request.method === 'HEAD') response.end();
    else await this.send(range ?? { start: 0, end: size }, response);
  }

  private async send({ start, end }: Range, response: ServerResponse): Promise<void> {
    try {
      await pipeline(this.counted(this.file.read(start, end)), response);
    } catch (error) {
      // All others are of the connection: the device comes again, or the upgrade's time limits end it.
      if (error instanceof MialinkError) this.options.onUnreadable?.(error);
    }
  }

  private async *counted(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const piece of pieces) {
      yield piece;
      this.bytesSent += piece.length;
    }
  }

  /** `answer` never rejects. */
  private track(answer: Promise<void>): void {
    this.answers.add(answer);
    void answer.finally(() => this.answers.delete(answer));
  }
}

function headersOf(range: Range | undefined, size: number): Record<string, string | number> {
  const headers = { 'Content-Type': 'application/octet-stream', 'Accept-Ranges': 'bytes' };
  if (!range) return { ...headers, 'Content-Length': size };
  const { start, end } = range;
  return {
    ...headers,
    'Content-Length': end - start,
    'Content-Range': `bytes ${start}-${end - 1}/${size}`,
  };
}

function refuse(response: ServerResponse, status: number, headers: Record<string, string> = {}): void {
  response.writeHead(status, { ...headers, 'Content-Length': 0 });
  response.end();
}

/** Some firmware looks at the end of the name. */
function plainName(path: string): string {
  return (
    basename(path)
      .replace(/[^\w.-]/g, '_')
      .slice(-LONGEST_NAME) || 'firmware'
  );
}
