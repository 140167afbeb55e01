/** An upgrade from a server that does not behave, onto a real disk: what it has for patience, and what is left of it. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sinon from 'sinon';
import { type DownloadOptions, download } from '../../../../lib/aliyun/ota/download/download';
import { type NoticeFile, parseFirmware } from '../../../../lib/aliyun/ota/notice';
import { fileStateStore } from '../../../../lib/aliyun/ota/state-file';
import type { OtaClient } from '../../../../lib/aliyun/ota/upgrade';
import { Backoff } from '../../../../lib/backoff';
import { FirmwareServer, fileOf, serve } from './download/firmware-server';
import { UpgradeBench } from './upgrade-bench';

/** The firmware: larger than what is written to the disk at once. */
export const content = randomBytes(300_000);
export const VERSION = '2.0.0';
/** The name of the file in which the state is kept. */
export const STATE_FILE = 'default.state';
/** How many tries may be in vain after the first. */
export const RETRIES = 2;
/** Longer than any test: the clock that measures a stall goes on only where the test says so. */
export const STALL_MS = 60 * 60 * 1000;

/** What goes wrong. */
export interface Fault {
  /** How the server answers; default: as it should. */
  answer?: (bench: FaultBench, request: IncomingMessage, response: ServerResponse, count: number) => void;
  /** What the notice says in place of the truth. */
  notice?: object;
  maxSize?: number;
  /** The first piece that the disk does not take. */
  fullAtPiece?: number;
  /** When so many bytes are on the disk. */
  onReceived?: (bench: FaultBench, received: number) => void;
}

/** A new one for each test, closed after it. */
export class FaultBench extends UpgradeBench {
  /** In their order. */
  readonly states: string[] = [];
  private readonly clock = sinon.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  private received = 0;
  /** After so many bytes the server has gone silent. */
  private silentAt: number | undefined;

  private constructor(
    readonly directory: string,
    readonly server: FirmwareServer,
  ) {
    super();
  }

  static async create(fault: Fault): Promise<FaultBench> {
    const answer = fault.answer ?? ((_, request, response) => serve(content, request, response));
    const server = await FirmwareServer.start((request, response, count) =>
      answer(bench, request, response, count),
    );
    const bench: FaultBench = new FaultBench(await mkdtemp(join(tmpdir(), 'ota-fault-')), server);
    return bench;
  }

  override async close(): Promise<void> {
    await super.close();
    this.clock.restore();
    await this.server.close();
    await rm(this.directory, { recursive: true });
  }

  /** The `data` of the notice. */
  notice(path?: string): Record<string, unknown> {
    const { url, size, sign } = fileOf(content, this.server.url(path));
    return { version: VERSION, url, size, sign, signMethod: 'SHA256' };
  }

  /** Under which the firmware is stored. */
  get firmwareName(): string {
    return parseFirmware(this.notice())?.files[0]?.name ?? '';
  }

  /** In the directory. */
  async files(): Promise<string[]> {
    return (await readdir(this.directory)).sort();
  }

  get stateStore() {
    return fileStateStore(join(this.directory, STATE_FILE));
  }

  /** Announces the rest of the content, sends it up to `end`, and never again anything. */
  silentAfter(end: number, request: IncomingMessage, response: ServerResponse): void {
    this.silentAt = end;
    const start = Number(/\d+/.exec(request.headers.range ?? '')?.[0] ?? 0);
    const range = { 'content-range': `bytes ${start}-${content.length - 1}/${content.length}` };
    response.writeHead(start > 0 ? 206 : 200, {
      'content-length': content.length - start,
      ...(start > 0 ? range : {}),
    });
    response.flushHeaders();
    response.write(content.subarray(start, end));
  }

  /** Pushes the firmware. Resolves when the upgrade has come to an end, and all of that is told and written down. */
  async run(fault: Fault): Promise<OtaClient> {
    const { directory, server, stateStore, told } = this;
    const options = { directory, stateStore, ca: [server.ca], maxSize: fault.maxSize };
    const client = this.start(options, (file, more) => this.impatientDownload(file, more, fault));
    client.on('state', (state) => this.states.push(state));
    await this.device.push({ ...this.notice(), ...fault.notice });
    while (told.failures.length + told.firmware.length === 0) {
      // The client has all that comes, and looks at its clock.
      if (this.received === this.silentAt && this.clock.countTimers() > 0) this.clock.tick(STALL_MS);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await this.until(() => this.device.steps.some((step) => step === '100' || step.startsWith('-')));
    await client.close();
    return client;
  }

  private impatientDownload(file: NoticeFile, options: DownloadOptions, fault: Fault): Promise<string> {
    const onProgress = (received: number, size: number) => {
      this.received = received;
      this.server.clientHas(received);
      fault.onReceived?.(this, received);
      options.onProgress?.(received, size);
    };
    const patience = { retries: RETRIES, backoff: new Backoff(1, 5), outageMs: 0, stallMs: STALL_MS };
    return download(file, { ...options, ...patience, onProgress });
  }
}
