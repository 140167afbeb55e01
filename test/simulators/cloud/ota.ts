/**
 * The firmware task of one device.
 *
 *   pushed --progress--> upgrading --target version informed--> succeeded
 *      \______________________\------a negative step----------> failed
 *
 * An open task is offered once per connection, as soon as the device has informed a version and subscribed the
 * upgrade topic; "100" ends nothing. Source: reference/aliyun.md 5.1, 5.2, 5.5.
 */
import { createHash } from 'node:crypto';
import { isObject, type JsonObject, parseObject } from './alink';
import { append } from './recent';

export interface Firmware {
  version: string;
  content: Buffer;
  /** Left out: the module `default`, which the notice does not name. */
  module?: string;
  /** Default SHA256. */
  signMethod?: 'Md5' | 'SHA256';
  /** File name in the URL and, with `files`, in the notice; nobody checks it. */
  name?: string;
  /** Lies in the notice, about the first file. */
  corrupt?: Partial<{ sign: string; size: number; url: string }>;
  /** A package of several files; `content` is not used then. */
  files?: Buffer[];
}

export interface Upgrade {
  version: string;
  module: string;
  state: 'pushed' | 'upgrading' | 'succeeded' | 'failed';
}

export interface Progress {
  module: string;
  step: string;
  desc: string;
}

/** Where a firmware is put for download: gives its signed URL. */
export type ServeFirmware = (name: string, content: Buffer) => string;

const DEFAULT_MODULE = 'default';
const STEP = /^(?:[1-9]\d?|100|-[1-4])$/;

export class Ota {
  private readonly informed = new Map<string, string>();
  private notice: JsonObject = {};
  /** The connection that got the notice of the present task. */
  private offeredTo: object | null = null;
  /** Oldest first. */
  readonly progress: Progress[] = [];
  upgrade: Upgrade | null = null;

  constructor(private readonly serve: ServeFirmware) {}

  get versions(): Record<string, string> {
    return Object.fromEntries(this.informed);
  }

  /** Replaces the task before it, open or not. */
  begin(firmware: Firmware): { url: string } {
    const module = firmware.module ?? DEFAULT_MODULE;
    const { notice, url } = describe(firmware, this.serve);
    this.notice = notice;
    this.offeredTo = null;
    this.upgrade = { version: firmware.version, module, state: 'pushed' };
    return { url };
  }

  /** The notice for `connection`, or null when there is nothing to say to it (any more). */
  offer(connection: object): string | null {
    if (!this.upgrade || !this.isOpen() || this.offeredTo === connection) return null;
    if (!this.informed.has(this.upgrade.module)) return null;
    this.offeredTo = connection;
    return this.envelope();
  }

  /** The answer to `thing/ota/firmware/get`: the `data` of the reply, empty when nothing is to do. */
  pull(params: unknown): object {
    const module = isObject(params) && typeof params.module === 'string' ? params.module : DEFAULT_MODULE;
    return this.isOpen() && this.upgrade?.module === module ? this.notice : {};
  }

  /** The answer to `/ota/device/request`, for the upgrade topic; null when nothing is to do or the body is wrong. */
  request(payload: Buffer): string | null {
    const params = parseObject(payload)?.params;
    if (!isObject(params) || typeof params.version !== 'string') return null;
    return this.isOpen() ? this.envelope() : null;
  }

  /** Takes `/ota/device/inform`; null when the body is wrong. */
  inform(payload: Buffer): { module: string; version: string } | null {
    const params = readParams(payload);
    if (!params || typeof params.version !== 'string' || params.version === '') return null;
    const { module, version } = params;
    this.informed.set(module, version);
    if (this.upgrade?.module === module && this.upgrade.version === version && this.isOpen()) {
      this.upgrade = { version, module, state: 'succeeded' };
    }
    return { module, version };
  }

  /** Takes `/ota/device/progress`; null when the body is wrong. `step` is a string, by the document. */
  report(payload: Buffer): Progress | null {
    const params = readParams(payload);
    if (!params || typeof params.step !== 'string' || !STEP.test(params.step)) return null;
    const { module, step } = params;
    const progress = { module, step, desc: typeof params.desc === 'string' ? params.desc : '' };
    append(this.progress, progress);
    if (this.upgrade?.module === module && this.isOpen()) {
      this.upgrade = { ...this.upgrade, state: step.startsWith('-') ? 'failed' : 'upgrading' };
    }
    return progress;
  }

  private isOpen(): boolean {
    return this.upgrade?.state === 'pushed' || this.upgrade?.state === 'upgrading';
  }

  /** Here `code` is a string and `id` a number, unlike in Alink. */
  private envelope(): string {
    return JSON.stringify({ code: '1000', data: this.notice, id: Date.now(), message: 'success' });
  }
}

function readParams(payload: Buffer): (JsonObject & { module: string }) | null {
  const body = parseObject(payload);
  if (!body || typeof body.id !== 'string' || !isObject(body.params)) return null;
  const { module = DEFAULT_MODULE } = body.params;
  return typeof module === 'string' ? { ...body.params, module } : null;
}

function describe(firmware: Firmware, serve: ServeFirmware): { notice: JsonObject; url: string } {
  const { version, module, signMethod = 'SHA256', name = `firmware-${version}.bin`, corrupt = {} } = firmware;
  const common = { version, signMethod, ...(module === undefined ? {} : { module }) };
  if (!firmware.files) {
    const url = serve(name, firmware.content);
    const sign = corrupt.sign ?? digest(signMethod, firmware.content);
    const file = { size: corrupt.size ?? firmware.content.length, url: corrupt.url ?? url, sign };
    return { notice: { ...common, ...file, ...(signMethod === 'Md5' ? { md5: sign } : {}) }, url };
  }
  const files = firmware.files.map((content, index) => {
    const lie = index === 0 ? corrupt : {};
    const fileName = index === 0 ? name : `${index}-${name}`;
    const fileUrl = serve(fileName, content);
    const fileSign = lie.sign ?? digest(signMethod, content);
    return {
      fileName,
      fileUrl: lie.url ?? fileUrl,
      fileSize: lie.size ?? content.length,
      fileMd5: signMethod === 'Md5' ? fileSign : digest('Md5', content),
      fileSign,
    };
  });
  return { notice: { ...common, files }, url: files[0]?.fileUrl ?? '' };
}

function digest(signMethod: 'Md5' | 'SHA256', content: Buffer): string {
  return createHash(signMethod === 'Md5' ? 'md5' : 'sha256')
    .update(content)
    .digest('hex');
}
