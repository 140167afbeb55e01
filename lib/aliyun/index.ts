/**
 * Devices of the Alibaba Cloud IoT Platform, usable without Node-RED: `new AliyunDevice({ productKey, … }).open()`.
 *
 * What fetches files over HTTPS has entries of its own, since most devices never do: firmware in `./ota`, the remote
 * configuration in `./functions/remote-config`.
 */

export type { CloudReply } from './alink';
export type { Answer, ReplyMode } from './answer';
export type {
  AnswerOptions,
  CloudChannel,
  MessageHandler,
  PublishOptions,
  ServedRequest,
  ServeHandler,
} from './channel';
export type { ConnectionState } from './connection';
export * from './device';
export type { DeviceEvents } from './device-channel';
export type { DeviceState } from './device-state';
export { REGIONS, type Transport } from './endpoint';
export type { CloudClock } from './functions/cloud-time';
export type { DeviceLog } from './functions/device-log';
export { getJob, type JobUpdate, onJob, updateJob } from './functions/jobs';
export { type NetworkStatus, postNetworkStatus } from './functions/network-status';
export type { RawData } from './functions/raw-data';
export { resetDevice } from './functions/reset';
export type { Rrpc } from './functions/rrpc';
export type { Shadow } from './functions/shadow';
export { deleteTags, getTags, type TagsReply, updateTags } from './functions/tags';
export type { Identity, SignMethod } from './identity';
export type { PropertySet, ServiceCall } from './inbound';
export { ThingModel } from './model';
export type { OutboxEntry, OutboxStore } from './outbox';
export { FileStore } from './outbox/file-store';
export { MemoryStore } from './outbox/memory-store';
export type { Kept, Posted, PostOptions } from './posts';
export {
  type Credentials,
  Registration,
  type RegistrationMethod,
  type RegistrationOptions,
} from './registration';
export type { RequestOptions } from './requests';
export {
  type AliyunSettings,
  type CheckedSettings,
  checkSettings,
  type OutboxSetting,
  type RegistrationSetting,
  type SignInMethod,
} from './settings';
