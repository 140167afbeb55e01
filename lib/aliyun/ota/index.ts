/** Firmware over the air, for one module of a device: `new OtaClient(device, { directory }).start()`. */
export { type DownloadOptions, download } from './download/download';
export { safeName } from './download/file-name';
export {
  type DigestMethod,
  type FirmwareNotice,
  type NoticeFile,
  parseNotice,
  type StreamAddress,
} from './notice';
export type { OtaEvents, OtaFirmware, OtaOptions, OtaProgress } from './options';
export { readPublicKey } from './signature';
export { fileStateStore, type StateStore } from './state-file';
export { OtaClient } from './upgrade';
export type { OtaState } from './upgrade-state';
export type { OtaChannel } from './uplink';
export type { VersionStore } from './version';
export { fileVersionStore } from './version-store';
