/** What every test of an upgrade has: a device, its downloads, and what the client has told so far. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { DownloadOptions, download } from '../../../../lib/aliyun/ota/download/download';
import type { NoticeFile } from '../../../../lib/aliyun/ota/notice';
import type { OtaOptions } from '../../../../lib/aliyun/ota/options';
import type { StateStore } from '../../../../lib/aliyun/ota/state-file';
import { OtaClient } from '../../../../lib/aliyun/ota/upgrade';
import type { Upgrade } from '../../../../lib/aliyun/ota/upgrade-state';
import type { OtaChannel } from '../../../../lib/aliyun/ota/uplink';
import { MialinkError, type Reason } from '../../../../lib/errors';

export const sign = 'a'.repeat(64);
/** A directory that cannot be: nothing is written in these tests. */
export const NOWHERE = '/dev/null/nowhere';
/** The `data` of a notice. */
export const data = {
  version: '2.0.0',
  size: 1000,
  url: 'https://h/f.bin?topsecret',
  signMethod: 'SHA256',
  sign,
};

type Handler = (payload: Buffer, topic: string) => void;

/** A device whose broker can be away. */
export class FakeDevice implements OtaChannel {
  readonly label = 'lamp';
  readonly sent: [topic: string, payload: unknown][] = [];
  /** What it has asked the cloud. */
  readonly asked: [method: string, params: unknown, topic: string | undefined][] = [];
  /** What the cloud replies: the `data`, or why it does not. */
  reply: object | MialinkError = {};
  online = true;
  /** Why the next messages do not leave, the connection being there. */
  readonly problems: MialinkError[] = [];
  private readonly handlers = new Map<string, Set<Handler>>();
  private readonly connectHandlers = new Set<() => void>();

  constructor(readonly identity = { productKey: 'pk', deviceName: 'dn' }) {}

  subscribeTo(topic: string, handler: Handler): () => void {
    const handlers = this.handlers.get(topic) ?? new Set();
    this.handlers.set(topic, handlers.add(handler));
    return () => handlers.delete(handler);
  }

  async publish(topic: string, payload: object): Promise<void> {
    this.assertOnline(topic);
    const problem = this.problems.shift();
    if (problem) throw problem;
    this.sent.push([topic, payload]);
  }

  async request(method: string, params: unknown, { topic }: { topic?: string } = {}) {
    this.assertOnline(method);
    this.asked.push([method, params, topic]);
    if (this.reply instanceof MialinkError) throw this.reply;
    return { id: '1', code: 200, message: 'success', data: this.reply };
  }

  onConnect(handler: () => void): () => void {
    this.connectHandlers.add(handler);
    if (this.online) handler();
    return () => this.connectHandlers.delete(handler);
  }

  async connect(): Promise<void> {
    this.online = true;
    for (const handler of this.connectHandlers) handler();
    await settled();
  }

  private assertOnline(operation: string): void {
    if (this.online) return;
    throw new MialinkError('notConnected', { device: 'lamp', host: 'h', cause: '', operation });
  }

  async push(fields: object, payload: object = { code: '1000', id: 1, data: fields }): Promise<void> {
    const { productKey, deviceName } = this.identity;
    const topic = `/ota/device/upgrade/${productKey}/${deviceName}`;
    for (const handler of this.handlers.get(topic) ?? [])
      handler(Buffer.from(JSON.stringify(payload)), topic);
    await settled();
  }

  get listeners(): number {
    const handlers = [...this.handlers.values()].reduce((sum, { size }) => sum + size, 0);
    return handlers + this.connectHandlers.size;
  }

  sentTo(kind: 'inform' | 'progress' | 'request'): unknown[] {
    const { productKey, deviceName } = this.identity;
    const wanted = `/ota/device/${kind}/${productKey}/${deviceName}`;
    return this.sent.filter(([topic]) => topic === wanted).map(([, payload]) => payload);
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
  private underWay = false;

  readonly fetch: typeof download = (file, options) =>
    new Promise((resolve, reject) => {
      const abort = () => {
        this.underWay = false;
        reject(new MialinkError('aborted', { device: options.label }));
      };
      if (options.signal?.aborted) return abort();
      options.signal?.addEventListener('abort', abort);
      const end = (error?: Error) => {
        this.underWay = false;
        return error ? reject(error) : resolve(join(options.directory, file.name));
      };
      this.underWay = true;
      return this.started.push({ file, options, end });
    });

  /** The one under way; waits until there is one, as the disk is looked at before. */
  async running() {
    while (!this.underWay) await new Promise((resolve) => setImmediate(resolve));
    return this.last;
  }

  get last() {
    return this.started.at(-1) ?? assert.fail('no download has begun');
  }
}

/** Resolves when what is under way without a timer or the network is done. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** What stands on the disk; a restart of the program is another client with the same one. */
export class FakeDisk implements StateStore {
  /** As text, so that nothing is shared with a client. */
  saved: string[] = [];

  async load(): Promise<Upgrade | undefined> {
    const last = this.saved.at(-1);
    return last === undefined ? undefined : JSON.parse(last);
  }

  async save(upgrade: Upgrade): Promise<void> {
    this.saved.push(JSON.stringify(upgrade));
  }

  get states(): string[] {
    return this.saved.map((text) => /"state":"(\w+)"/.exec(text)?.[1] ?? text);
  }
}

/** A new one for each test, closed after it. */
export class UpgradeBench {
  readonly disk = new FakeDisk();
  readonly downloads = new FakeDownloads();
  readonly warnings: MialinkError[] = [];
  /** What has come out of the clients. */
  readonly told: {
    notices: string[];
    steps: number[];
    firmware: string[][];
    repeated: boolean[];
    failures: MialinkError[];
  } = { notices: [], steps: [], firmware: [], repeated: [], failures: [] };
  private readonly clients: OtaClient[] = [];

  constructor(readonly device = new FakeDevice()) {}

  start(options: Partial<OtaOptions> = {}, fetchFile = this.downloads.fetch): OtaClient {
    const { device, told, warnings } = this;
    const logger = { debug() {}, warn: (problem: MialinkError) => warnings.push(problem) };
    const defaults = { directory: NOWHERE, logger, stateStore: this.disk };
    const client = new OtaClient(device, { ...defaults, ...options }, fetchFile);
    client.on('notice', (notice) => told.notices.push(notice.version));
    client.on('progress', ({ step }) => told.steps.push(step));
    client.on('firmware', ({ paths, repeated }) => {
      told.firmware.push(paths);
      told.repeated.push(repeated);
    });
    client.on('failed', (problem) => told.failures.push(problem));
    client.start();
    this.clients.push(client);
    return client;
  }

  /** Ends the last download well; resolves when the flow has got the firmware. */
  async finish(): Promise<void> {
    const before = this.told.firmware.length;
    (await this.downloads.running()).end();
    await this.until(() => this.told.firmware.length > before);
  }

  /** Ends the last download so; resolves when the flow has got the error. */
  async breakOff(reason: Reason): Promise<void> {
    const before = this.told.failures.length;
    (await this.downloads.running()).end(new MialinkError(reason, { device: 'lamp', cause: '' }));
    await this.until(() => this.told.failures.length > before);
    await settled();
  }

  /** For what takes the disk: how many turns that are is not ours to know. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise((resolve) => setImmediate(resolve));
    await settled();
  }

  /** One negative step to the cloud, one to the flow, one error: never more, never fewer. */
  assertFailed(client: OtaClient, step: number, reason: Reason): void {
    const { device, told } = this;
    assert.equal(client.state, 'failed');
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
