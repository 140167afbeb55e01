/** What every test of an upgrade has: a device, its downloads, and what the client has told so far. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { DownloadOptions, download } from '../../../../lib/aliyun/ota/download';
import type { NoticeFile } from '../../../../lib/aliyun/ota/notice';
import { OtaClient, type OtaOptions } from '../../../../lib/aliyun/ota/upgrade';
import type { OtaChannel } from '../../../../lib/aliyun/ota/uplink';
import { MialinkError, type Reason } from '../../../../lib/errors';

export const sign = 'a'.repeat(64);
/** The `data` of a notice. */
export const data = {
  version: '2.0.0',
  size: 1000,
  url: 'https://h/f.bin?topsecret',
  signMethod: 'SHA256',
  sign,
};

/** A device whose broker can be away. */
class FakeDevice implements OtaChannel {
  readonly label = 'lamp';
  readonly identity = { productKey: 'pk', deviceName: 'dn' };
  readonly sent: [topic: string, payload: unknown][] = [];
  online = true;
  private readonly handlers = new Map<string, (payload: Buffer, topic: string) => void>();
  private readonly connectHandlers = new Set<() => void>();

  subscribeTo(topic: string, handler: (payload: Buffer, topic: string) => void): () => void {
    this.handlers.set(topic, handler);
    return () => this.handlers.delete(topic);
  }

  async publish(topic: string, payload: object): Promise<void> {
    if (!this.online) {
      throw new MialinkError('notConnected', { device: 'lamp', host: 'h', cause: '', operation: topic });
    }
    this.sent.push([topic, payload]);
  }

  onConnect(handler: () => void): () => void {
    this.connectHandlers.add(handler);
    return () => this.connectHandlers.delete(handler);
  }

  async connect(): Promise<void> {
    this.online = true;
    for (const handler of this.connectHandlers) handler();
    await settled();
  }

  async push(fields: object, payload: object = { code: '1000', id: 1, data: fields }): Promise<void> {
    this.handlers.get('/ota/device/upgrade/pk/dn')?.(Buffer.from(JSON.stringify(payload)), '');
    await settled();
  }

  get listeners(): number {
    return this.handlers.size + this.connectHandlers.size;
  }

  sentTo(kind: 'inform' | 'progress' | 'request'): unknown[] {
    return this.sent.filter(([topic]) => topic === `/ota/device/${kind}/pk/dn`).map(([, payload]) => payload);
  }

  get steps(): string[] {
    return this.sentTo('progress').map((payload) => {
      const text = JSON.stringify(payload);
      // On the wire a step is text.
      return /"step":"(-?\d+)"/.exec(text)?.[1] ?? assert.fail(text);
    });
  }
}

/** A download that ends when the test says so. */
class FakeDownloads {
  readonly started: { file: NoticeFile; options: DownloadOptions; end(error?: Error): void }[] = [];

  readonly fetch: typeof download = (file, options) =>
    new Promise((resolve, reject) => {
      const abort = () => reject(new MialinkError('aborted', { device: options.label }));
      if (options.signal?.aborted) return abort();
      options.signal?.addEventListener('abort', abort);
      const end = (error?: Error) => (error ? reject(error) : resolve(join(options.directory, file.name)));
      return this.started.push({ file, options, end });
    });

  get last() {
    return this.started.at(-1) ?? assert.fail('no download has begun');
  }
}

/** Resolves when what is under way without a timer or the network is done. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** A new one for each test, closed after it. */
export class UpgradeBench {
  readonly device = new FakeDevice();
  readonly downloads = new FakeDownloads();
  readonly warnings: MialinkError[] = [];
  /** What has come out of the clients. */
  readonly told: { notices: string[]; steps: number[]; firmware: string[][]; failures: MialinkError[] } = {
    notices: [],
    steps: [],
    firmware: [],
    failures: [],
  };
  private readonly clients: OtaClient[] = [];

  start(options: Partial<OtaOptions> = {}, fetchFile = this.downloads.fetch): OtaClient {
    const { device, told, warnings } = this;
    const logger = { debug() {}, warn: (problem: MialinkError) => warnings.push(problem) };
    const client = new OtaClient(device, { directory: '/nowhere', logger, ...options }, fetchFile);
    client.on('notice', (notice) => told.notices.push(notice.version));
    client.on('progress', ({ step }) => told.steps.push(step));
    client.on('firmware', ({ paths }) => told.firmware.push(paths));
    client.on('failed', (problem) => told.failures.push(problem));
    client.start();
    this.clients.push(client);
    return client;
  }

  /** One negative step to the cloud, one to the flow, one error: never more, never fewer. */
  assertFailed(client: OtaClient, step: number, reason: Reason): void {
    const { device, told } = this;
    assert.equal(client.state, 'idle');
    assert.deepEqual(
      device.steps.filter((one) => one.startsWith('-')),
      [String(step)],
    );
    assert.deepEqual(
      told.steps.filter((one) => one < 0),
      [step],
    );
    assert.deepEqual(
      told.failures.map((problem) => problem.reason),
      [reason],
    );
    assert.doesNotMatch(JSON.stringify([device.sent, told.failures]), /topsecret/);
    assert.deepEqual(told.firmware, []);
  }

  async close(): Promise<void> {
    await Promise.all(this.clients.map((client) => client.close()));
  }
}
