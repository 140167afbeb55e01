/** What every test of a download has: a directory and servers of its own, and what to expect on the disk. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DownloadOptions, download } from '../../../../../lib/aliyun/ota/download/download';
import type { NoticeFile } from '../../../../../lib/aliyun/ota/notice';
import { Backoff } from '../../../../../lib/backoff';
import { MialinkError, type Reason } from '../../../../../lib/errors';
import { type Behaviour, FirmwareServer } from './firmware-server';

/** The firmware. */
export const content = randomBytes(300_000);
/** The name of its file. */
export const name = 'default-2.0.0.bin';
/** While it is not verified. */
export const part = `${name}.part`;

/** A new one for each test, closed after it. */
export class DownloadBench {
  private readonly servers: FirmwareServer[] = [];

  /** `directory` is where the firmware goes; it does not exist yet. */
  private constructor(readonly directory: string) {}

  static async create(): Promise<DownloadBench> {
    return new DownloadBench(join(await mkdtemp(join(tmpdir(), 'ota-')), 'firmware'));
  }

  async close(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.close()));
    await rm(join(this.directory, '..'), { recursive: true });
  }

  async start(behaviour: Behaviour, protocol?: 'https' | 'http'): Promise<FirmwareServer> {
    const server = await FirmwareServer.start(behaviour, protocol);
    this.servers.push(server);
    return server;
  }

  /** Without patience for an outage, unless `options` has it. */
  fetch(server: FirmwareServer, file: NoticeFile, options: Partial<DownloadOptions> = {}): Promise<string> {
    const { directory } = this;
    const backoff = new Backoff(1, 5);
    const onProgress = (received: number, size: number) => {
      server.clientHas(received);
      options.onProgress?.(received, size);
    };
    const common = { directory, label: 'lamp', ca: [server.ca], backoff, outageMs: 0 };
    return download(file, { ...common, ...options, onProgress });
  }

  async assertStored(path: string): Promise<void> {
    assert.equal(path, join(this.directory, name));
    assert.deepEqual(await readdir(this.directory), [name]);
    assert.ok(content.equals(await readFile(path)));
  }

  /** Fails for `reason`, tells no secret, and leaves nothing on the disk. */
  async assertFails(work: Promise<string>, reason: Reason, text = /lamp/): Promise<void> {
    await this.assertRejects(work, reason, text);
    assert.deepEqual(await readdir(this.directory).catch(() => []), []);
  }

  /** Fails for `reason`, tells no secret, and leaves the beginning of the file, for its owner alone. */
  async assertPauses(work: Promise<string>, reason: Reason, bytes: number): Promise<void> {
    await this.assertRejects(work, reason);
    assert.deepEqual(await readdir(this.directory), [part]);
    const left = join(this.directory, part);
    assert.ok(content.subarray(0, bytes).equals(await readFile(left)));
    assert.equal((await stat(left)).mode & 0o777, 0o600);
  }

  /** What an earlier run left. */
  async leavePart(bytes: Buffer): Promise<void> {
    await mkdir(this.directory);
    await writeFile(join(this.directory, part), bytes, { mode: 0o600 });
  }

  private async assertRejects(work: Promise<string>, reason: Reason, text = /lamp/): Promise<void> {
    await assert.rejects(work, (error) => {
      assert.ok(error instanceof MialinkError, String(error));
      assert.equal(error.reason, reason, error.message);
      assert.match(error.message, text);
      assert.doesNotMatch(`${error.stack} ${JSON.stringify(error)} ${error.cause}`, /topsecret/);
      return true;
    });
  }
}
