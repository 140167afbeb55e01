/**
 * A firmware file in the making: bytes go to `<name>.part`, count and digest are kept as they pass, and only a file
 * that matches its notice gets its name. So a visible file is always a verified one.
 *
 *   create -> append … [startOver -> append …] -> finish    (renamed)
 *      any of them fails, or the download is given up -> discard  (removed)
 */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { MialinkError, messageOf } from '../../errors';
import type { NoticeFile } from './notice';

export class PartFile {
  /** Bytes in the file. */
  received = 0;
  private hash: Hash;

  private constructor(
    private readonly handle: FileHandle,
    private readonly path: string,
    private readonly file: NoticeFile,
    private readonly label: string,
  ) {
    this.hash = createHash(file.signMethod);
  }

  /**
   * Makes the directory (mode 0700) and an empty part file (0600) for the final `path`. What a crash left of an
   * earlier one is dropped. Throws `otaStorageFailed`, as all the others do when the disk fails.
   */
  static async create(path: string, file: NoticeFile, label: string): Promise<PartFile> {
    const handle = await onDisk(path, label, async () => {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await rm(partOf(path), { force: true });
      // Append mode: after `startOver` the next byte is the first again. Exclusive: never through a link.
      return open(partOf(path), 'ax', 0o600);
    });
    return new PartFile(handle, path, file, label);
  }

  /** Throws `otaVerifyFailed` as soon as there are more bytes than announced. */
  async append(chunk: Buffer): Promise<void> {
    if (this.received + chunk.length > this.file.size) {
      throw this.mismatch(`more bytes arrived than the ${this.file.size} announced`);
    }
    await onDisk(this.path, this.label, () => this.handle.appendFile(chunk));
    this.hash.update(chunk);
    this.received += chunk.length;
  }

  async startOver(): Promise<void> {
    await onDisk(this.path, this.label, () => this.handle.truncate(0));
    this.hash = createHash(this.file.signMethod);
    this.received = 0;
  }

  /** Verifies size and digest (else `otaVerifyFailed`) and gives the file its name. */
  async finish(): Promise<void> {
    const { size, sign, signMethod } = this.file;
    if (this.received !== size) throw this.mismatch(`${this.received} bytes arrived instead of ${size}`);
    if (this.hash.digest('hex') !== sign) throw this.mismatch(`its ${signMethod} digest is another one`);
    await onDisk(this.path, this.label, async () => {
      // Or a power cut could leave the name without the bytes.
      await this.handle.sync();
      await this.handle.close();
      await rename(partOf(this.path), this.path);
    });
  }

  /** Never fails: the caller has a more telling error at hand. */
  async discard(): Promise<void> {
    await this.handle.close().catch(() => {});
    await rm(partOf(this.path), { force: true }).catch(() => {});
  }

  private mismatch(cause: string): MialinkError {
    return new MialinkError('otaVerifyFailed', { device: this.label, cause });
  }
}

/**
 * Whether `path` holds this very firmware already. Anything else there is removed, since it is not what its name
 * says. Throws `otaStorageFailed`.
 */
export async function isStored(
  path: string,
  file: NoticeFile,
  label: string,
  signal?: AbortSignal,
): Promise<boolean> {
  return onDisk(path, label, async () => {
    const found = await lstat(path).catch(() => undefined);
    if (!found) return false;
    if (found.isFile() && found.size === file.size && (await digestOf(path, file, signal)) === file.sign)
      return true;
    await rm(path);
    return false;
  });
}

async function digestOf(path: string, file: NoticeFile, signal?: AbortSignal): Promise<string> {
  const hash = createHash(file.signMethod);
  for await (const chunk of createReadStream(path, { signal })) hash.update(chunk);
  return hash.digest('hex');
}

async function onDisk<Value>(path: string, label: string, work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    const values = { device: label, directory: dirname(path), cause: messageOf(error) };
    throw new MialinkError('otaStorageFailed', values);
  }
}

function partOf(path: string): string {
  return `${path}.part`;
}
