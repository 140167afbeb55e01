/**
 * A firmware as somebody pushes it, and the `data` of its notice.
 *
 *   one file     {"version","signMethod","module"?,"size","sign","md5"?,"url" | "dProtocol":"mqtt","streamId","streamFileId"}
 *   several      {"version","signMethod","module"?,"files":[{"fileName","fileUrl","fileSize","fileMd5","fileSign"}]}
 *   either       "isDiff"?, "extData"?;  one file only: "digestsign"?
 *
 * The document does not say how `digestsign` is made. The vendor's AliOS Things (uOTA, ota_rsa_verify) checks it as
 * base64 of RSASSA-PKCS1-v1_5 with SHA-256 over the bytes of the digest, of which `sign` is the hexadecimal text, whether
 * that is an MD5 or a SHA-256; so it is made here.
 * Source: reference/aliyun.md 5.2.
 */
import { createHash, type KeyObject, sign as signBytes } from 'node:crypto';
import type { JsonObject } from './alink';
import type { StreamFile } from './functions/streams';

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
  /** How the device gets it. Default https; mqtt: block by block, one file only. */
  protocol?: 'https' | 'mqtt';
  /** A difference package. */
  isDiff?: boolean;
  extData?: JsonObject;
  /** An RSA key, PEM or object, that signs the digest; one file only. */
  signKey?: KeyObject | string;
}

/** Where a firmware is put for download: gives its signed URL. */
export type ServeFirmware = (name: string, content: Buffer) => string;

/** Where firmware can be put. */
export interface Shelves {
  serve: ServeFirmware;
  stream(content: Buffer): StreamFile;
}

/** Puts the files up for download. `url` is that of the first; empty where there is none. */
export function describeFirmware(firmware: Firmware, shelves: Shelves): { notice: JsonObject; url: string } {
  const {
    version,
    module,
    isDiff,
    extData,
    signMethod = 'SHA256',
    name = `firmware-${version}.bin`,
  } = firmware;
  const notice: JsonObject = { version, signMethod };
  if (module !== undefined) notice.module = module;
  if (isDiff !== undefined) notice.isDiff = Number(isDiff);
  if (extData) notice.extData = extData;
  return firmware.files
    ? describeFiles(notice, firmware.files, { ...firmware, signMethod, name }, shelves)
    : describeFile(notice, { ...firmware, signMethod, name }, shelves);
}

type Named = Firmware & Required<Pick<Firmware, 'signMethod' | 'name'>>;

function describeFile(notice: JsonObject, firmware: Named, shelves: Shelves) {
  const { content, signMethod, signKey, corrupt = {} } = firmware;
  const sign = corrupt.sign ?? digest(signMethod, content);
  Object.assign(notice, { size: corrupt.size ?? content.length, sign });
  if (signMethod === 'Md5') notice.md5 = sign;
  if (signKey !== undefined) {
    notice.digestsign = signBytes('sha256', Buffer.from(sign, 'hex'), signKey).toString('base64');
  }
  if (firmware.protocol === 'mqtt') {
    Object.assign(notice, { dProtocol: 'mqtt', ...shelves.stream(content) });
    return { notice, url: '' };
  }
  const url = shelves.serve(firmware.name, content);
  notice.url = corrupt.url ?? url;
  return { notice, url };
}

function describeFiles(notice: JsonObject, contents: Buffer[], firmware: Named, shelves: Shelves) {
  const { name, signMethod, corrupt = {} } = firmware;
  if (firmware.protocol === 'mqtt' || firmware.signKey !== undefined) {
    throw new Error('a firmware of several files is neither sent over MQTT nor signed');
  }
  const files = contents.map((content, index) => {
    const lie = index === 0 ? corrupt : {};
    const fileName = index === 0 ? name : `${index}-${name}`;
    const fileUrl = shelves.serve(fileName, content);
    const fileSign = lie.sign ?? digest(signMethod, content);
    return {
      fileName,
      fileUrl: lie.url ?? fileUrl,
      fileSize: lie.size ?? content.length,
      fileMd5: signMethod === 'Md5' ? fileSign : digest('Md5', content),
      fileSign,
    };
  });
  return { notice: { ...notice, files }, url: files[0]?.fileUrl ?? '' };
}

function digest(signMethod: 'Md5' | 'SHA256', content: Buffer): string {
  return createHash(signMethod === 'Md5' ? 'md5' : 'sha256')
    .update(content)
    .digest('hex');
}
