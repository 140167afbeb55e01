import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sinon from 'sinon';
import { type DownloadOptions, download } from '../../../../lib/aliyun/ota/download';
import type { NoticeFile } from '../../../../lib/aliyun/ota/notice';
import { OtaClient, type OtaOptions } from '../../../../lib/aliyun/ota/upgrade';
import type { OtaChannel } from '../../../../lib/aliyun/ota/uplink';
import { MialinkError, type Reason } from '../../../../lib/errors';
import { FirmwareServer, fileOf, serve } from './firmware-server';

const sign = 'a'.repeat(64);
const data = { version: '2.0.0', size: 1000, url: 'https://h/f.bin?topsecret', signMethod: 'SHA256', sign };

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

async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe('a firmware upgrade', () => {
  let device: FakeDevice;
  let downloads: FakeDownloads;
  let clients: OtaClient[];
  let told: { notices: string[]; steps: number[]; firmware: string[][]; failures: MialinkError[] };
  let warnings: MialinkError[];

  beforeEach(() => {
    device = new FakeDevice();
    downloads = new FakeDownloads();
    clients = [];
    warnings = [];
    told = { notices: [], steps: [], firmware: [], failures: [] };
  });

  afterEach(() => Promise.all(clients.map((client) => client.close())));

  function start(options: Partial<OtaOptions> = {}, fetchFile = downloads.fetch): OtaClient {
    const logger = { debug() {}, warn: (problem: MialinkError) => warnings.push(problem) };
    const client = new OtaClient(device, { directory: '/nowhere', logger, ...options }, fetchFile);
    client.on('notice', (notice) => told.notices.push(notice.version));
    client.on('progress', ({ step }) => told.steps.push(step));
    client.on('firmware', ({ paths }) => told.firmware.push(paths));
    client.on('failed', (problem) => told.failures.push(problem));
    client.start();
    clients.push(client);
    return client;
  }

  /** One negative step to the cloud, one to the flow, one error: never more, never fewer. */
  function assertFailed(client: OtaClient, step: number, reason: Reason): void {
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

  describe('informs the version', () => {
    it('at each connect', async () => {
      start({ version: '1.0.0' });
      await device.connect();
      await device.connect();
      const inform = { id: '1', params: { version: '1.0.0' } };
      assert.deepEqual(device.sentTo('inform'), [inform, inform]);
    });

    it('with its module, unless that is the default one', async () => {
      start({ version: '1.0.0', module: 'MCU' });
      await device.connect();
      assert.deepEqual(device.sentTo('inform'), [{ id: '1', params: { version: '1.0.0', module: 'MCU' } }]);
    });

    it('not at all as long as it is unknown', async () => {
      start();
      await device.connect();
      assert.deepEqual(device.sent, []);
    });

    it('of the flow at once and from then on, and remembers it', async () => {
      const saved: string[] = [];
      const versionStore = { load: async () => undefined, save: async (v: string) => void saved.push(v) };
      const client = start({ version: '1.0.0', versionStore });
      await client.informVersion('2.0.0');
      await device.connect();
      const inform = { id: '1', params: { version: '2.0.0' } };
      assert.deepEqual(device.sentTo('inform'), [inform, inform]);
      assert.deepEqual(saved, ['2.0.0']);
    });

    it('that was remembered, not the configured one', async () => {
      start({ version: '1.0.0', versionStore: { load: async () => '3.0.0', save: async () => {} } });
      await device.connect();
      assert.deepEqual(device.sentTo('inform'), [{ id: '1', params: { version: '3.0.0' } }]);
    });

    it('as configured when the memory cannot be read', async () => {
      const load = () => Promise.reject(new Error('broken'));
      start({ version: '1.0.0', versionStore: { load, save: async () => {} } });
      await device.connect();
      assert.deepEqual(device.sentTo('inform'), [{ id: '1', params: { version: '1.0.0' } }]);
      assert.deepEqual(
        warnings.map(({ reason, message }) => [reason, /lamp: .*broken/.test(message)]),
        [['versionUnreadable', true]],
      );
    });

    it('at the next connect when the broker is away', async () => {
      const client = start();
      device.online = false;
      await client.informVersion('2.0.0');
      await device.connect();
      assert.deepEqual(device.sentTo('inform'), [{ id: '1', params: { version: '2.0.0' } }]);
    });

    it('only if there is one', () => assert.rejects(start().informVersion(''), { reason: 'versionMissing' }));
  });

  it('is asked for with the running version', async () => {
    const client = start({ version: '1.0.0', module: 'MCU' });
    await client.requestFirmware();
    assert.deepEqual(device.sentTo('request'), [{ id: '1', params: { version: '1.0.0', module: 'MCU' } }]);
  });

  it('cannot be asked for while the broker is away or the version unknown', async () => {
    await assert.rejects(start().requestFirmware(), { reason: 'versionMissing' });
    device.online = false;
    await assert.rejects(start({ version: '1' }).requestFirmware(), { code: 'TRANSPORT' });
  });

  it('goes from the notice to the new version', async () => {
    const client = start({ version: '1.0.0' });
    await device.push(data);
    assert.equal(client.state, 'downloading');
    assert.deepEqual(device.steps, ['1']);
    downloads.last.end();
    await settled();
    assert.equal(client.state, 'verified');
    assert.deepEqual(told, {
      notices: ['2.0.0'],
      steps: [1, 100],
      firmware: [['/nowhere/default-2.0.0.bin']],
      failures: [],
    });
    assert.deepEqual(device.steps, ['1', '100']);
    await client.informVersion('2.0.0');
    assert.equal(client.state, 'idle');
    await device.push(data);
    assert.equal(downloads.started.length, 1);
  });

  describe('tells each state that it enters', () => {
    function statesOf(client: OtaClient): string[] {
      const states: string[] = [];
      client.on('state', (state) => states.push(state));
      return states;
    }

    it('from the notice to the new version, and its end', async () => {
      const client = start({ download: 'manual' });
      const states = statesOf(client);
      await device.push(data);
      await device.push({ ...data, url: 'https://h/fresh.bin' });
      await client.startDownload();
      await settled();
      downloads.last.end();
      await settled();
      await client.informVersion('2.0.0');
      await client.close();
      assert.deepEqual(states, ['notified', 'downloading', 'verified', 'idle', 'closed']);
    });

    for (const [what, leave] of [
      ['a failure that the flow reports', (client: OtaClient) => client.reportProgress(-1, '')],
      ['its version, informed by the flow', (client: OtaClient) => client.informVersion('2.0.0')],
      ['cancel', (client: OtaClient) => client.cancel()],
    ] as const) {
      it(`back to idle by ${what}`, async () => {
        const client = start();
        const states = statesOf(client);
        await device.push(data);
        await leave(client);
        assert.deepEqual(states, ['downloading', 'idle']);
      });
    }

    it('also to a listener that throws, and goes on', async () => {
      const client = start();
      client.on('state', () => {
        throw new Error('a bug of the listener');
      });
      await device.push(data);
      downloads.last.end();
      await settled();
      assert.equal(client.state, 'verified');
      assert.equal(told.firmware.length, 1);
    });
  });

  it('names its module in each step', async () => {
    start({ module: 'MCU' });
    await device.push({ ...data, module: 'MCU' });
    assert.deepEqual(device.sentTo('progress'), [
      { id: '1', params: { step: '1', desc: 'downloading', module: 'MCU' } },
    ]);
  });

  it('paces the progress, but never the last step', async () => {
    const clock = sinon.useFakeTimers({ toFake: ['performance'] });
    try {
      start();
      await device.push(data);
      const { options, end } = downloads.last;
      for (let received = 10; received <= 1000; received += 10) {
        options.onProgress?.(received, 1000);
        clock.tick(100);
        await settled();
      }
      end();
      await settled();
      assert.deepEqual(device.steps, ['1', '31', '61', '91', '100']);
      assert.deepEqual(told.steps, [1, 31, 61, 91, 100]);
    } finally {
      clock.restore();
    }
  });

  it('counts several files as one', async () => {
    const clock = sinon.useFakeTimers({ toFake: ['performance'] });
    try {
      const client = start();
      const bytes: (number | undefined)[] = [];
      client.on('progress', ({ received }) => bytes.push(received));
      const file = { fileUrl: 'https://h/f', fileSign: sign };
      const files = [
        { ...file, fileName: 'a', fileSize: 100 },
        { ...file, fileName: 'b', fileSize: 300 },
      ];
      await device.push({ version: '2', signMethod: 'SHA256', files });
      downloads.last.end();
      await settled();
      clock.tick(3000);
      downloads.last.options.onProgress?.(100, 300);
      downloads.last.end();
      await settled();
      assert.deepEqual(told.firmware, [['/nowhere/default-2-a', '/nowhere/default-2-b']]);
      assert.deepEqual(told.steps, [1, 50, 100]);
      assert.deepEqual(bytes, [0, 200, 400]);
    } finally {
      clock.restore();
    }
  });

  describe('ignores a notice', () => {
    it('of the version that runs', async () => {
      start({ version: '2.0.0' });
      await device.push(data);
      assert.deepEqual(told.notices, []);
    });

    it('for another module', async () => {
      start({ module: 'MCU' });
      await device.push(data);
      await device.push({ ...data, module: 'other' });
      await device.push({ ...data, module: 'other', size: 0 });
      assert.deepEqual([told.notices, told.failures, device.sent], [[], [], []]);
    });

    it('that comes again while it is downloaded or verified', async () => {
      start();
      await device.push(data);
      await device.push({ ...data, url: 'https://h/fresh.bin' });
      downloads.last.end();
      await settled();
      await device.push(data);
      assert.equal(downloads.started.length, 1);
      assert.deepEqual(told.notices, ['2.0.0']);
    });
  });

  it('gives way to a newer one, without a failure', async () => {
    const client = start();
    await device.push(data);
    const older = downloads.last;
    await device.push({ ...data, version: '3.0.0' });
    assert.equal(older.options.signal?.aborted, true);
    assert.equal(client.state, 'downloading');
    downloads.last.end();
    await settled();
    assert.deepEqual(told.firmware, [['/nowhere/default-3.0.0.bin']]);
    assert.deepEqual(told.failures, []);
    assert.ok(!device.steps.some((step) => step.startsWith('-')));
  });

  it('gives way to another firmware of the same version', async () => {
    start();
    await device.push(data);
    await device.push({ ...data, sign: 'b'.repeat(64) });
    assert.equal(downloads.started.length, 2);
  });

  it('starts the newer download only when the older is cleaned up', async () => {
    let finish = () => {};
    let begun = 0;
    const slowToEnd: typeof download = (_, options) => {
      begun++;
      return new Promise((_resolve, reject) => {
        finish = () => reject(new MialinkError('aborted', { device: options.label }));
      });
    };
    const client = start({}, slowToEnd);
    await device.push(data);
    await device.push({ ...data, version: '3.0.0' });
    assert.equal(begun, 1);
    finish();
    await settled();
    assert.equal(begun, 2);
    const closed = client.close();
    finish();
    await closed;
  });

  describe('by hand', () => {
    it('waits for the word, and uses the freshest address', async () => {
      const client = start({ download: 'manual' });
      await device.push(data);
      await device.push({ ...data, url: 'https://h/fresh.bin' });
      assert.equal(client.state, 'notified');
      assert.deepEqual([told.notices, told.steps], [['2.0.0'], []]);
      await client.startDownload();
      await settled();
      assert.equal(downloads.last.file.url, 'https://h/fresh.bin');
      await assert.rejects(client.startDownload(), { reason: 'otaNothingPending', code: 'CONFIG' });
    });

    it('says when there is nothing to do', () =>
      assert.rejects(start({ download: 'manual' }).startDownload(), { reason: 'otaNothingPending' }));
  });

  describe('fails once', () => {
    const failures: [Reason, number][] = [
      ['otaUrlRefused', -2],
      ['otaUrlExpired', -2],
      ['otaDownloadFailed', -2],
      ['otaStorageFailed', -2],
      ['otaVerifyFailed', -3],
    ];
    for (const [reason, step] of failures) {
      it(`with step ${step} for ${reason}`, async () => {
        const client = start();
        await device.push(data);
        downloads.last.end(new MialinkError(reason, { device: 'lamp' }));
        await settled();
        assertFailed(client, step, reason);
      });
    }

    it('with step -2 when it is too large, all files together', async () => {
      const client = start({ maxSize: 1500 });
      const file = { fileUrl: 'https://h/f', fileSign: sign, fileSize: 1000 };
      await device.push({ version: '2', signMethod: 'SHA256', files: [file, file] });
      assertFailed(client, -2, 'otaTooLarge');
      assert.equal(downloads.started.length, 0);
    });

    it('with step -1 for a notice that names a version, but no digest', async () => {
      const client = start();
      await device.push({ ...data, sign: undefined });
      assertFailed(client, -1, 'otaNoticeInvalid');
    });

    it('with step -1 when it is cancelled', async () => {
      const client = start();
      await device.push(data);
      await client.cancel();
      assertFailed(client, -1, 'aborted');
      assert.equal(downloads.last.options.signal?.aborted, true);
    });

    it('with step -1 when it is cancelled before it was started by hand', async () => {
      const client = start({ download: 'manual' });
      await device.push(data);
      await client.cancel();
      assertFailed(client, -1, 'aborted');
    });

    it('even if a later notice of the same firmware is pushed, which is a new try', async () => {
      const client = start();
      await device.push(data);
      downloads.last.end(new MialinkError('otaDownloadFailed', { device: 'lamp', cause: '' }));
      await settled();
      assertFailed(client, -2, 'otaDownloadFailed');
      await device.push(data);
      assert.equal(client.state, 'downloading');
    });
  });

  it('only warns of a notice that names no version', async () => {
    start();
    await device.push({});
    assert.deepEqual(
      warnings.map((problem) => problem.reason),
      ['otaNoticeInvalid'],
    );
    assert.deepEqual([device.sent, told.failures], [[], []]);
  });

  it('is not disturbed by a bad notice', async () => {
    const client = start();
    await device.push(data);
    await device.push({ ...data, version: '3', size: 0 });
    assert.equal(client.state, 'downloading');
    assert.equal(warnings.length, 1);
    assert.deepEqual(told.failures, []);
  });

  it('either succeeds or is cancelled, never both, however close they are', async () => {
    for (let turns = 0; turns < 12; turns++) {
      const client = start();
      await device.push(data);
      downloads.last.end();
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      const verified = told.firmware.length > 0;
      await client.cancel();
      await settled();
      assert.equal(told.firmware.length > 0, verified, `after ${turns} turns`);
      assert.equal(client.state, 'idle');
      told.firmware.length = 0;
      await client.close();
    }
  });

  it('cannot be cancelled when there is none', () =>
    assert.rejects(start().cancel(), { reason: 'otaNothingPending' }));

  describe('reports for the flow', () => {
    it('its own steps', async () => {
      const client = start();
      await client.reportProgress(50, 'flashing');
      assert.deepEqual(device.sentTo('progress'), [{ id: '1', params: { step: '50', desc: 'flashing' } }]);
      assert.deepEqual(told.steps, []);
    });

    it('that flashing failed, which ends the upgrade', async () => {
      const client = start();
      await device.push(data);
      downloads.last.end();
      await settled();
      await client.reportProgress(-4, 'flash is worn out');
      assert.equal(client.state, 'idle');
      assert.deepEqual(device.steps, ['1', '100', '-4']);
      assert.deepEqual(told.failures, []);
      await device.push(data);
      assert.equal(client.state, 'downloading');
    });

    it('no step that does not exist', async () => {
      for (const step of [-5, 101, 1.5, Number.NaN]) {
        await assert.rejects(start().reportProgress(step, ''), { reason: 'stepInvalid', code: 'CONFIG' });
      }
      assert.deepEqual(device.sent, []);
    });
  });

  it('goes on while the broker is away, and sends the last step at the next connect', async () => {
    start({ version: '1.0.0' });
    await device.push(data);
    device.online = false;
    downloads.last.end(new MialinkError('otaVerifyFailed', { device: 'lamp', cause: '' }));
    await settled();
    assert.deepEqual(told.steps, [1, -3]);
    assert.deepEqual(device.steps, ['1']);
    await device.connect();
    assert.deepEqual(device.steps, ['1', '-3']);
    await device.connect();
    assert.deepEqual(device.steps, ['1', '-3']);
  });

  it('outlives a listener that throws', async () => {
    const client = start();
    client.on('progress', () => {
      throw new Error('a bug of the flow');
    });
    client.on('failed', () => {
      throw new Error('another');
    });
    await device.push(data);
    await settled();
    assert.equal(client.state, 'idle');
  });

  it('says nothing and listens to nothing after close', async () => {
    const client = start({ version: '1.0.0' });
    await device.push(data);
    const { signal } = downloads.last.options;
    device.sent.length = 0;
    await client.close();
    assert.equal(signal?.aborted, true);
    assert.equal(device.listeners, 0);
    await device.connect();
    await settled();
    assert.deepEqual([device.sent, told.failures, told.firmware], [[], [], []]);
    await assert.rejects(client.informVersion('3'), { code: 'CANCELLED' });
    await assert.rejects(client.reportProgress(1, ''), { code: 'CANCELLED' });
    await client.close();
  });

  it('sends no step after close that waited for another', async () => {
    const client = start();
    let arrive = () => {};
    const slow = sinon.stub(device, 'publish').callsFake(() => new Promise((resolve) => (arrive = resolve)));
    client.reportProgress(1, '');
    client.reportProgress(2, '');
    await client.close();
    arrive();
    await settled();
    assert.equal(slow.callCount, 1);
  });

  it('takes no notice that came before close, but waited for the remembered version', async () => {
    let load = (_: undefined) => {};
    const versionStore = {
      load: () => new Promise<undefined>((resolve) => (load = resolve)),
      save: async () => {},
    };
    const client = start({ versionStore });
    await device.push(data);
    await client.close();
    load(undefined);
    await settled();
    assert.deepEqual([told.notices, device.sent, downloads.started], [[], [], []]);
  });

  describe('with a real server and disk', () => {
    const content = randomBytes(200_000);
    let directory: string;
    let server: FirmwareServer;

    beforeEach(async () => {
      directory = await mkdtemp(join(tmpdir(), 'ota-upgrade-'));
      server = await FirmwareServer.start((request, response) => serve(content, request, response));
    });

    afterEach(async () => {
      await server.close();
      await rm(directory, { recursive: true });
    });

    function noticeOf(bytes: Buffer): object {
      const { url, size, sign: digest } = fileOf(bytes, server.url());
      return { version: '2.0.0', url, size, sign: digest, signMethod: 'SHA256' };
    }

    it('leaves the verified file', async () => {
      const client = start({ directory, ca: [server.ca] }, download);
      const firmware = new Promise<string[]>((resolve) =>
        client.on('firmware', ({ paths }) => resolve(paths)),
      );
      await device.push(noticeOf(content));
      const paths = await firmware;
      assert.deepEqual(paths, [join(directory, 'default-2.0.0.bin')]);
      assert.deepEqual(await readdir(directory), ['default-2.0.0.bin']);
      assert.ok(content.equals(await readFile(join(directory, 'default-2.0.0.bin'))));
      assert.deepEqual([device.steps[0], device.steps.at(-1)], ['1', '100']);
    });

    it('leaves no file of a firmware whose second file is corrupt', async () => {
      const client = start({ directory, ca: [server.ca] }, download);
      const failed = once(client, 'failed');
      const { url, size, sign: digest } = fileOf(content, server.url());
      const good = { fileName: 'good', fileUrl: url, fileSize: size, fileSign: digest };
      const bad = { ...good, fileName: 'bad', fileSign: sign };
      await device.push({ version: '2.0.0', signMethod: 'SHA256', files: [good, bad] });
      await failed;
      assert.deepEqual(await readdir(directory), []);
      await settled();
      assertFailed(client, -3, 'otaVerifyFailed');
    });

    it('leaves no file when it is closed in mid-download', async () => {
      const endless = await FirmwareServer.start((_, response) => {
        response.writeHead(200, { 'content-length': content.length });
        response.write(content.subarray(0, 1000));
      });
      try {
        const client = start({ directory, ca: [endless.ca] }, download);
        await device.push({ ...noticeOf(content), url: endless.url() });
        while ((await readdir(directory)).length === 0) await settled();
        await client.close();
        assert.deepEqual(await readdir(directory), []);
      } finally {
        await endless.close();
      }
    });
  });
});
