/**
 * One firmware on its way to the disk: the signature of its notice checked, then its files downloaded and verified, from
 * the web or over the MQTT connection. What it is told of while it runs (a fresh address, that it has ended) is the
 * upgrade's business.
 */
import type { KeyObject } from 'node:crypto';
import type { DownloadOptions, download as downloadFile } from './download/download';
import { fetchFirmware, looksComplete, sizeOf } from './download/firmware';
import { StreamSource } from './download/stream-source';
import type { FirmwareNotice, NoticeFile, StreamAddress } from './notice';
import { Pace } from './progress';
import { assertSigned } from './signature';
import type { OtaChannel } from './uplink';

export interface FetchOptions {
  /** Where firmware is stored. */
  directory: string;
  /** Of all files of one firmware, in bytes; default: no limit. */
  maxSize?: number;
  /** Default false: `https:` only. */
  allowHttp?: boolean;
  /** Default false: no redirect from a public address to a private one. */
  allowRedirectToPrivate?: boolean;
  /** PEM certificates trusted besides Node's own roots. */
  ca?: readonly string[];
  /** See `readPublicKey`: then only signed firmware is taken. Default: signatures are not looked at. */
  publicKey?: KeyObject;
}

/** `step` is given when it is time to tell it. */
export type Received = (received: number, size: number, step: number | undefined) => void;

export class Fetching {
  private readonly abort = new AbortController();
  private readonly pace = new Pace();
  /** The names of the files that it has stored, or an earlier run that did not get all of them; not those that were complete before. */
  readonly stored: string[] = [];

  constructor(
    private readonly channel: OtaChannel,
    private readonly options: FetchOptions,
    private readonly download: typeof downloadFile,
    private readonly onReceived: Received,
  ) {}

  get signal(): AbortSignal {
    return this.abort.signal;
  }

  /** Resolves with the paths of the verified files, in the order of the notice. Rejects as `download` does, or unsigned. */
  async fetch(notice: FirmwareNotice): Promise<string[]> {
    const { label } = this.channel;
    const { signal } = this;
    const { publicKey } = this.options;
    if (publicKey) assertSigned(notice.files, publicKey, label);
    const options = {
      ...this.options,
      label,
      signal,
      openStream: (stream: StreamAddress) => new StreamSource(this.channel, stream, { label, signal }),
      onProgress: (received: number) => this.received(received, sizeOf(notice)),
    };
    return fetchFirmware(notice, options, (file, more) => this.fetchFile(notice, file, more));
  }

  private async fetchFile(
    notice: FirmwareNotice,
    file: NoticeFile,
    options: DownloadOptions,
  ): Promise<string> {
    let isStoredByUs = false;
    const onProgress = (received: number, size: number) => {
      isStoredByUs = true;
      options.onProgress?.(received, size);
    };
    const path = await this.download(file, { ...options, onProgress });
    if (isStoredByUs || !(await looksComplete(notice, options.directory))) this.stored.push(file.name);
    return path;
  }

  /** Tells how far it is, unless it was stopped. */
  received(received: number, size: number): void {
    if (!this.signal.aborted) this.onReceived(received, size, this.pace.next(received, size));
  }

  /** What has come stays on disk. */
  stop(): void {
    this.abort.abort();
  }
}
