/**
 * A firmware file, open for as long as its upgrade takes. It is opened once, so that its digest and every byte served
 * are of the same file, even when another one takes its name, or when it is deleted. One that is cut short meanwhile
 * is unreadable; one that is overwritten fails the device's check of the digest.
 */
import { createHash } from 'node:crypto';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { MialinkError, messageOf } from '../../errors';

const PIECE_BYTES = 64 * 1024;

export class FirmwareFile {
  private constructor(
    readonly path: string,
    /** In bytes. */
    readonly size: number,
    private readonly handle: FileHandle,
    private readonly label: string,
  ) {}

  /** Rejects with `firmwareUnreadable`, for whose text `label` names the device. */
  static async open(path: string, label: string): Promise<FirmwareFile> {
    try {
      // Asked before it is opened: to open a pipe waits for whoever writes into it.
      const { size } = await stat(path).then((found) => {
        if (!found.isFile()) throw new Error('it is not a file');
        return found;
      });
      if (size === 0) throw new Error('it is empty');
      return new FirmwareFile(path, size, await open(path, 'r'), label);
    } catch (error) {
      throw unreadable(path, label, error);
    }
  }

  /** 32 hexadecimal digits. Rejects as `read` does, or with the signal's reason. */
  async md5(signal?: AbortSignal): Promise<string> {
    const hash = createHash('md5');
    for await (const piece of this.read(0, this.size)) {
      signal?.throwIfAborted();
      hash.update(piece);
    }
    return hash.digest('hex');
  }

  /** The bytes from `start` to before `end`. Throws `firmwareUnreadable`. May be called many times at once. */
  async *read(start: number, end: number): AsyncGenerator<Buffer> {
    for (let at = start; at < end; ) {
      const piece = await this.piece(at, Math.min(PIECE_BYTES, end - at));
      at += piece.length;
      yield piece;
    }
  }

  /** Waits for the piece that is being read. */
  async close(): Promise<void> {
    await this.handle.close();
  }

  private async piece(at: number, length: number): Promise<Buffer> {
    try {
      const { buffer, bytesRead } = await this.handle.read(Buffer.allocUnsafe(length), 0, length, at);
      if (bytesRead === 0) throw new Error('it has been cut short');
      return buffer.subarray(0, bytesRead);
    } catch (error) {
      throw unreadable(this.path, this.label, error);
    }
  }
}

function unreadable(file: string, device: string, error: unknown): MialinkError {
  return new MialinkError('firmwareUnreadable', { device, file, cause: messageOf(error) }, { cause: error });
}
