/** Firmware over the air, for one module of a device: `new OtaClient(device, { directory }).start()`. */
export { type DownloadOptions, download } from './download';
export { safeName } from './file-name';
export { type DigestMethod, type FirmwareNotice, type NoticeFile, parseNotice } from './notice';
export { OtaClient, type OtaEvents, type OtaOptions, type OtaProgress, type OtaState } from './upgrade';
export type { OtaChannel } from './uplink';
export type { VersionStore } from './version';
export { fileVersionStore } from './version-store';
