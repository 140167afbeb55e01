/**
 * The remote configuration of one device.
 *
 *   up    thing/config/get    params {"configScope":"product","getType":"file"}   -> data: the notice
 *   down  thing/config/push   params: the notice
 *   notice  {"configId","configSize","sign","signMethod":"Sha256","url","getType":"file"}
 *
 * Source: reference/aliyun.md 6.
 */
import { createHash, randomBytes } from 'node:crypto';
import { Refusal } from '../alink';
import type { ServeFirmware } from '../firmware-notice';
import { object } from '../params';
import type { Handlers } from '../requests';

export interface ConfigOptions {
  /** Default Sha256. */
  signMethod?: 'Sha256' | 'Md5';
  /** Lies in the notice. */
  corrupt?: Partial<{ sign: string; configSize: number; url: string }>;
}

export interface ConfigNotice {
  configId: string;
  configSize: number;
  sign: string;
  signMethod: string;
  url: string;
  getType: 'file';
}

const MAX_CONFIG_BYTES = 64 * 1024;

export class RemoteConfig {
  private notice: ConfigNotice | null = null;

  constructor(
    private readonly serve: ServeFirmware,
    private readonly isOff: () => boolean,
  ) {}

  readonly handlers: Handlers = {
    'thing/config/get': (params) => {
      const { configScope, getType } = object(params);
      if (configScope !== 'product') throw new Refusal(460, 'configScope must be product');
      if (getType !== 'file') throw new Refusal(460, 'getType must be file');
      if (this.isOff()) throw new Refusal(6713, 'the remote configuration of the product is off');
      if (!this.notice) throw new Refusal(6710, 'no configuration');
      return this.notice;
    },
  };

  /** Puts a file up for download; throws when it is above 64 KB. */
  configure(content: string | Buffer, { signMethod = 'Sha256', corrupt }: ConfigOptions = {}): ConfigNotice {
    const bytes = Buffer.from(content);
    if (bytes.length > MAX_CONFIG_BYTES) throw new Error('a remote configuration has at most 64 KB');
    const configId = randomBytes(8).toString('hex');
    this.notice = {
      configId,
      configSize: bytes.length,
      sign: createHash(signMethod).update(bytes).digest('hex'),
      signMethod,
      url: this.serve(`${configId}.json`, bytes),
      getType: 'file',
      ...corrupt,
    };
    return this.notice;
  }
}
