/**
 * The cloud's firmware notice (pure): what arrives on `/ota/device/upgrade/${productKey}/${deviceName}`.
 *
 *   {"code":"1000","id":1507707025,"message":"success","data":{
 *      "version":"2.0.0","module":"MCU","isDiff":1,"extData":{…},
 *      one file:  "url":"https://…","size":432945,"signMethod":"Md5"|"SHA256","sign":"<hex>","md5":"<hex>",
 *                 "digestsign":"<base64>"
 *      over MQTT: "dProtocol":"mqtt","streamId":1397345,"streamFileId":1 in place of "url"
 *      several:   "signMethod":…,"files":[{"fileName","fileUrl","fileSize","fileSign","fileMd5"},…] }}
 *
 * The reply to `thing.ota.firmware.get` has the same `data`, or an empty one when there is nothing to do.
 *
 * `code` and `id` come as text or number, `md5` alone (without `sign`) in older notices. A notice without size
 * or digest is refused: its firmware could not be verified. That each of several files may carry a `digestsign` of its
 * own is assumed: the documents show it for one file only.
 *
 * Source: Alibaba Cloud IoT Platform, "OTA update" (device side), message formats.
 */
import { MialinkError, type Values } from '../../errors';
import { isDeeperThan, isRecord, type Json, MAX_DEPTH, withoutPrototypes } from '../../untrusted';
import { MAX_PAYLOAD_BYTES } from '../alink';
import { nameFiles } from './download/file-name';

export type DigestMethod = 'md5' | 'sha256';

/** One file of a firmware. It comes either from `url` or from `stream`: `parseNotice` gives exactly one of them. */
export interface NoticeFile {
  /** Safe as a file name: made by us, see `file-name.ts`. */
  name: string;
  /** Signed and valid for a limited time: a secret. Its scheme is checked by `download`. */
  url?: string;
  /** Asked for block by block over the MQTT connection. */
  stream?: StreamAddress;
  /** In bytes, at least 1. */
  size: number;
  signMethod: DigestMethod;
  /** Lower-case hexadecimal digits. */
  sign: string;
  /** The platform's signature of the digest, in base64; present when the product has package signatures. */
  digestSign?: string;
}

/** The numbers by which a file is asked for over MQTT. */
export interface StreamAddress {
  streamId: number;
  fileId: number;
}

export interface FirmwareNotice {
  id?: string;
  version: string;
  /** `default` when the cloud names none. */
  module: string;
  /** At least one. */
  files: NoticeFile[];
  isDiff: boolean;
  extData?: Record<string, unknown>;
}

/** The module of a device that has only one. It is not named on the wire. */
export const DEFAULT_MODULE = 'default';

type UnnamedFile = Omit<NoticeFile, 'name'>;
/** `title` is the cloud's own name for it, when there are several. */
type TitledFile = UnnamedFile & { title?: string };

const DIGEST_LENGTHS: Record<DigestMethod, number> = { md5: 32, sha256: 64 };
const LONGEST_NAME = 128;
const MOST_FILES = 20;

class Refusal extends Error {}

/**
 * Reads a notice; `label` names the device in the error.
 * Throws `otaNoticeInvalid`; its `values` hold `version` and `module` when the notice names a version at all.
 */
export function parseNotice(payload: Buffer, label = 'device'): FirmwareNotice {
  return refusing(label, (about) => {
    const notice = readObject(payload);
    return { id: textOrNumber(notice.id), ...readFirmware(firmwareData(notice), about) };
  });
}

/** The `data` of the reply to `thing.ota.firmware.get`; undefined when there is nothing to do. Throws as `parseNotice`. */
export function parseFirmware(data: unknown, label = 'device'): FirmwareNotice | undefined {
  if (!isRecord(data) || Object.keys(data).length === 0) return undefined;
  return refusing(label, (about) => readFirmware(data, about));
}

/** What `read` gives; a refusal becomes an error, with what it has put into `about` until then. */
function refusing<Value>(label: string, read: (about: Values) => Value): Value {
  const about: Values = {};
  try {
    return read(about);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new MialinkError('otaNoticeInvalid', { device: label, cause: error.message, ...about });
  }
}

function readFirmware(data: Json, about: Values): FirmwareNotice {
  const module = shortText(data.module, 'module') ?? DEFAULT_MODULE;
  const version = required(shortText(data.version, 'version'), 'it names no version');
  Object.assign(about, { module, version });
  return {
    version,
    module,
    files: nameFiles(module, version, readFiles(data)),
    isDiff: data.isDiff === true || textOrNumber(data.isDiff) === '1',
    extData: isRecord(data.extData) ? data.extData : undefined,
  };
}

function readObject(payload: Buffer): Json {
  if (payload.length > MAX_PAYLOAD_BYTES) throw new Refusal(`it is longer than ${MAX_PAYLOAD_BYTES} bytes`);
  let notice: unknown;
  try {
    notice = JSON.parse(payload.toString('utf8'));
  } catch {
    // The parser's own message quotes the text, and with it the signed address.
    throw new Refusal('it is not JSON');
  }
  if (!isRecord(notice)) throw new Refusal('it is not a JSON object');
  if (isDeeperThan(notice, MAX_DEPTH)) throw new Refusal('it is nested too deeply');
  return withoutPrototypes(notice);
}

function firmwareData(notice: Json): Json {
  const code = textOrNumber(notice.code);
  if (code !== undefined && code !== '1000' && code !== '200') throw new Refusal('its code is an error');
  if (!isRecord(notice.data)) throw new Refusal('it has no data');
  return notice.data;
}

function readFiles(data: Json): TitledFile[] {
  if (!Array.isArray(data.files) || data.files.length === 0) {
    return [readFile(data)];
  }
  if (data.files.length > MOST_FILES) throw new Refusal(`it has more than ${MOST_FILES} files`);
  return data.files.map((file: unknown) => {
    if (!isRecord(file)) throw new Refusal('a file is not an object');
    const { fileName, fileUrl, fileSize, fileSign, fileMd5, digestsign } = file;
    const { signMethod } = data;
    const alike = { url: fileUrl, size: fileSize, signMethod, sign: fileSign, md5: fileMd5, digestsign };
    return { title: textOrNumber(fileName), ...readFile(alike) };
  });
}

function readFile(data: Json): UnnamedFile {
  const digestSign = textOrNumber(data.digestsign);
  return {
    ...readPlace(data),
    size: readSize(data.size),
    ...readDigest(data.signMethod, data.sign, data.md5),
    ...(digestSign === undefined ? {} : { digestSign }),
  };
}

function readPlace({ dProtocol, url, streamId, streamFileId }: Json): Pick<NoticeFile, 'url' | 'stream'> {
  if (textOrNumber(dProtocol)?.toLowerCase() !== 'mqtt') {
    return { url: required(textOrNumber(url), 'a file has no address') };
  }
  return {
    stream: { streamId: readNumber(streamId, 'streamId'), fileId: readNumber(streamFileId, 'streamFileId') },
  };
}

function readNumber(value: unknown, field: string): number {
  const number = Number(required(textOrNumber(value), `its download over MQTT has no ${field}`));
  if (!Number.isSafeInteger(number) || number < 0) throw new Refusal(`its ${field} is not a whole number`);
  return number;
}

function readSize(value: unknown): number {
  const size = Number(required(textOrNumber(value), 'a file has no size'));
  if (!Number.isSafeInteger(size) || size < 1) throw new Refusal('a size is not a positive whole number');
  return size;
}

function readDigest(method: unknown, sign: unknown, md5: unknown): Pick<NoticeFile, 'signMethod' | 'sign'> {
  const signMethod = textOrNumber(method)?.toLowerCase() ?? 'md5';
  if (signMethod !== 'md5' && signMethod !== 'sha256') {
    throw new Refusal('its signMethod is neither Md5 nor SHA256');
  }
  const digest = textOrNumber(sign) ?? (signMethod === 'md5' ? textOrNumber(md5) : undefined);
  const digits = required(digest, 'a file has no digest').toLowerCase();
  const length = DIGEST_LENGTHS[signMethod];
  if (digits.length !== length || !/^[0-9a-f]+$/.test(digits)) {
    throw new Refusal(`the digest of a file is not ${length} hexadecimal digits`);
  }
  return { signMethod, sign: digits };
}

function required<Value>(value: Value | undefined, otherwise: string): Value {
  if (value === undefined) throw new Refusal(otherwise);
  return value;
}

function shortText(value: unknown, field: string): string | undefined {
  const text = textOrNumber(value);
  if (text !== undefined && text.length > LONGEST_NAME) {
    throw new Refusal(`its ${field} is longer than ${LONGEST_NAME} characters`);
  }
  return text;
}

/** Text and numbers as text; nothing, empty text and every other type as undefined. */
function textOrNumber(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}
