/**
 * A firmware file in the making: bytes go to `<name>.part`, and only a file that matches its notice gets its name. So a
 * visible file is always a verified one.
 *
 *   open -> append … [startOver -> append …] -> verify -> finish    (renamed)
 *      the download is given up for now   -> keep     (the next `open` continues it)
 *      anything fails                     -> discard  (removed)
 *
 * What a part that is continued holds is proved by the digest in the end, also what a power cut did to its last bytes.
 */
import type { Stats } from 'node:fs';
import { constants } from 'node:fs';
import { chmod, type FileHandle, lstat, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { MialinkError, messageOf } from '../../../errors';
import { syncDirectory } from '../../sync-directory';
import type { NoticeFile } from '../notice';
import { FileDigest } from './digest';

const { O_WRONLY, O_APPEND, O_CREAT, O_EXCL } = constants;
/** Never through a link. Windows has no such flag. */
const O_NOFOLLOW = constants.O_NOFOLLOW ?? 0;

export class PartFile {
  private digest: FileDigest;

  private constructor(
    private readonly handle: FileHandle,
    private readonly path: string,
    private readonly file: NoticeFile,
    private readonly label: string,
    /** Bytes in the file. */
    public received: number,
    /** How many of them an earlier download left. */
    public continued: number,
  ) {
    this.digest = this.newDigest();
    this.digest.advance(received);
  }

  /**
   * Makes the directory (mode 0700) and the part file (0600) for the final `path`, or continues the one that is there.
   * Throws `otaStorageFailed`, as all the others do when the disk fails.
   */
  static async open(path: string, file: NoticeFile, label: string): Promise<PartFile> {
    return onDisk(path, label, async () => {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      const { handle, size } = await openPart(partOf(path), file.size);
      return new PartFile(handle, path, file, label, size, size);
    });
  }

  /** Throws `otaVerifyFailed` as soon as there are more bytes than announced. */
  async append(chunk: Buffer): Promise<void> {
    if (this.received + chunk.length > this.file.size) {
      throw this.mismatch(`more bytes arrived than the ${this.file.size} announced`);
    }
    await onDisk(this.path, this.label, () => this.handle.appendFile(chunk));
    this.received += chunk.length;
    this.digest.advance(this.received);
  }

  async startOver(): Promise<void> {
    await this.digest.close();
    await onDisk(this.path, this.label, () => this.handle.truncate(0));
    this.received = 0;
    this.continued = 0;
    this.digest = this.newDigest();
  }

  /** Throws `otaVerifyFailed` for another size or digest. */
  async verify(signal?: AbortSignal): Promise<void> {
    const { size, sign, signMethod } = this.file;
    if (this.received !== size) throw this.mismatch(`${this.received} bytes arrived instead of ${size}`);
    const digest = await onDisk(this.path, this.label, async () => {
      // Or a power cut could leave the name without the bytes.
      const synced = this.handle.sync();
      const [digest] = await Promise.all([this.digest.finish(size, signal), synced]);
      return digest;
    });
    if (digest !== sign) throw this.mismatch(`its ${signMethod} digest is another one`);
  }

  /** Gives the file its name; to be called when it is verified. */
  async finish(): Promise<void> {
    await onDisk(this.path, this.label, async () => {
      await this.digest.close();
      await this.handle.close();
      await rename(partOf(this.path), this.path);
      await syncDirectory(dirname(this.path));
    });
  }

  /** What has arrived stays for the next `open`. Never fails. */
  async keep(): Promise<void> {
    if (this.received === 0) return this.discard();
    await this.digest.close();
    await this.handle.close().catch(() => {});
  }

  /** Never fails: the caller has a more telling error at hand. */
  async discard(): Promise<void> {
    await this.digest.close();
    await this.handle.close().catch(() => {});
    await removePart(this.path);
  }

  private newDigest(): FileDigest {
    return new FileDigest(partOf(this.path), this.file.signMethod, this.file.size);
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
    if (!isOurs(found) || found.size !== file.size || (await digestOf(path, file, signal)) !== file.sign) {
      await rm(path);
      return false;
    }
    // Restored from a backup, say; some file systems know no modes.
    await chmod(path, 0o600).catch(() => {});
    return true;
  });
}

/** Bytes under this name, and in its part, whatever they are; 0 for what is not there. Never fails. */
export async function bytesOnDisk(path: string): Promise<{ stored: number; part: number }> {
  const sizeOf = async (one: string) => (await lstat(one).catch(() => undefined))?.size ?? 0;
  return { stored: await sizeOf(path), part: await sizeOf(partOf(path)) };
}

/** Removes what an unfinished download of `path` left. Never fails. */
export async function removePart(path: string): Promise<void> {
  await rm(partOf(path), { force: true }).catch(() => {});
}

async function digestOf(path: string, file: NoticeFile, signal?: AbortSignal): Promise<string> {
  const digest = new FileDigest(path, file.signMethod, file.size);
  try {
    return await digest.finish(file.size, signal);
  } finally {
    await digest.close();
  }
}

/** Checked when it is open, so that nobody can put another file there in between. */
async function openPart(path: string, size: number): Promise<{ handle: FileHandle; size: number }> {
  // Append mode: after `startOver` the next byte is the first again.
  const flags = O_WRONLY | O_APPEND | O_CREAT;
  const found = await open(path, flags | O_NOFOLLOW, 0o600).catch(() => undefined);
  if (found) {
    const stats = await found.stat();
    if (isOurs(stats) && stats.size <= size) {
      await found.chmod(0o600).catch(() => {});
      return { handle: found, size: stats.size };
    }
    await found.close();
  }
  await rm(path, { force: true });
  return { handle: await open(path, flags | O_EXCL, 0o600), size: 0 };
}

/** In a directory for all, what someone else can write to could be changed after it was verified. */
function isOurs(stats: Stats): boolean {
  if (!stats.isFile() || stats.nlink > 1) return false;
  return process.getuid === undefined || (stats.uid === process.getuid() && (stats.mode & 0o022) === 0);
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
