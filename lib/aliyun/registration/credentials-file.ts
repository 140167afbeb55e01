/**
 * The credentials of one device on disk: a file of its own (mode 0600) in a directory that is made with mode 0700.
 * The file holds the cloud's answer as JSON, see credentials.
 *
 *   save   draft written -> synced -> renamed -> directory synced
 *
 * So after a crash or a power cut there is either no file or a whole one; a draft that was left over is never read, and
 * replaced by the next. Whatever stands under the file's name counts as credentials, even when it cannot be read.
 */
import { createHash } from 'node:crypto';
import { lstat, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { MialinkError, messageOf, type Reason } from '../../errors';
import type { Identity } from '../identity';
import { syncDirectory } from '../sync-directory';
import { type Credentials, MAX_BYTES, parseCredentials } from './credentials';

export class CredentialsFile {
  /** Absolute. */
  readonly path: string;
  private readonly draft: string;

  /** `label` names the device in texts. */
  constructor(
    directory: string,
    private readonly identity: Identity,
    private readonly label: string,
  ) {
    this.path = join(resolve(directory), fileNameOf(identity));
    this.draft = `${this.path}.new`;
  }

  /** Undefined when there are none. Rejects with `registrationUnreadable`. */
  async load(): Promise<Credentials | undefined> {
    return this.orFail('registrationUnreadable', async () => {
      if (await this.isMissing()) return undefined;
      const found = await stat(this.path);
      if (!found.isFile() || found.size > MAX_BYTES) throw new Error('it is not a file of credentials');
      const credentials = parseCredentials(await readFile(this.path, 'utf8'), this.identity);
      if (!credentials) throw new Error('it holds no credentials of this device');
      return credentials;
    });
  }

  /** Fails as `save` would, so that the cloud is not asked for what cannot be kept. Leaves nothing. */
  async rehearse(): Promise<void> {
    await this.orFail('registrationNotStored', async () => {
      await this.writeDraft(' '.repeat(MAX_BYTES));
      await rm(this.draft);
    });
  }

  /** When it resolves a power cut cannot take them away any more. Rejects with `registrationNotStored`. */
  async save(credentials: Credentials): Promise<void> {
    await this.orFail('registrationNotStored', async () => {
      await this.writeDraft(`${JSON.stringify({ ...this.identity, ...credentials }, null, 2)}\n`);
      await rename(this.draft, this.path);
      await syncDirectory(dirname(this.path));
    });
  }

  /** Without a file: nothing. Rejects with `registrationNotForgotten`. */
  async remove(): Promise<void> {
    await this.orFail('registrationNotForgotten', async () => {
      await rm(this.draft, { force: true });
      if (await this.isMissing()) return;
      await rm(this.path);
      await syncDirectory(dirname(this.path));
    });
  }

  /** Of the entry itself: a link to nowhere is there. */
  private async isMissing(): Promise<boolean> {
    try {
      await lstat(this.path);
      return false;
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return true;
      throw error;
    }
  }

  private async writeDraft(text: string): Promise<void> {
    const made = await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
    if (made !== undefined) await syncDirectory(dirname(made));
    await rm(this.draft, { force: true });
    // Exclusive: a file of ours with our mode, never through a link.
    const handle = await open(this.draft, 'wx', 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  private async orFail<Value>(reason: Reason, work: () => Promise<Value>): Promise<Value> {
    try {
      return await work();
    } catch (error) {
      throw new MialinkError(reason, { device: this.label, file: this.path, cause: messageOf(error) });
    }
  }
}

/**
 * Letters and digits of the names, and a digest of the exact ones: `lamp:1` and `lamp_1` differ, and `Lamp` and `lamp`
 * also on a disk that ignores case.
 */
function fileNameOf({ productKey, deviceName }: Identity): string {
  const digest = createHash('sha256').update(`${productKey}/${deviceName}`).digest('hex').slice(0, 16);
  return `${`${productKey}-${deviceName}`.replace(/[^\w-]/g, '_')}-${digest}.json`;
}
