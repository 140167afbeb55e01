/** A file on loopback for the firmware tests of the simulated home; it lies when it is told to. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/** Ways to answer that no good server has; one that refuses keeps the connection open. */
export type ServerFault = 'refuses' | 'noLength' | 'short' | 'ignoresRange' | 'wrongRange' | 'never';

export class FirmwareServer {
  fault: ServerFault | null = null;
  /** The Range of each GET, or 'whole'; and where it came from. */
  readonly requests: { range: string; from: string }[] = [];
  private readonly server = createServer((request, response) => this.answer(request, response));

  private constructor(readonly image: Buffer) {}

  static async start(image: Buffer): Promise<FirmwareServer> {
    const self = new FirmwareServer(image);
    self.server.listen(0, '127.0.0.1');
    await once(self.server, 'listening');
    return self;
  }

  get url(): string {
    const address = this.server.address();
    return `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/firmware.bin`;
  }

  /** The params of miIO.ota for this file. */
  get order(): Record<string, string> {
    const md5 = createHash('md5').update(this.image).digest('hex');
    return { mode: 'normal', install: '1', app_url: this.url, file_md5: md5, proc: 'dnld install' };
  }

  /** Resolves when every client has closed its connections, which it must do by itself. */
  async close(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    await closed;
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const { range } = request.headers;
    this.requests.push({ range: range ?? 'whole', from: request.socket.remoteAddress ?? '' });
    const { image, fault } = this;
    if (fault === 'never') return;
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(fault === 'ignoresRange' ? '' : (range ?? '')) ?? [];
    const first = Number(from ?? 0);
    const last = Math.min(Number(to ?? Infinity), image.length - 1);
    const shown = fault === 'wrongRange' ? first + 1 : first;
    const headers = {
      ...(fault === 'noLength' ? {} : { 'content-length': last - first + 1 }),
      ...(from === undefined ? {} : { 'content-range': `bytes ${shown}-${last}/${image.length}` }),
    };
    const status = from === undefined ? 200 : 206;
    response.writeHead(fault === 'refuses' ? 403 : status, headers);
    if (fault === 'short') response.write(image.subarray(first, last), () => response.destroy());
    else if (fault === 'refuses') response.write('go away');
    else response.end(image.subarray(first, last + 1));
  }
}
