/**
 * Devices of the Alibaba Cloud IoT Platform, usable without Node-RED: `new AliyunDevice({ productKey, … }).open()`.
 *
 * What fetches files over HTTPS has entries of its own, since most devices never do: firmware in `./ota`, the remote
 * configuration in `./functions/remote-config`.
 */

export type { CloudReply } from './alink';
export type { Answer, ReplyMode } from './answer';
export type { CloudChannel, MessageHandler, ServeHandler } from './channel';
export type { ConnectionState } from './connection';
export * from './device';
export type { DeviceEvents } from './device-channel';
export type { DeviceState } from './device-state';
export { REGIONS } from './endpoint';
export { getJob, type JobUpdate, onJob, updateJob } from './functions/jobs';
export { type NetworkStatus, postNetworkStatus } from './functions/network-status';
export { resetDevice } from './functions/reset';
export { deleteTags, getTags, updateTags } from './functions/tags';
export type { PropertySet, ServiceCall } from './inbound';
export { ThingModel } from './model';
export type { OutboxEntry, OutboxStore } from './outbox';
export { FileStore } from './outbox/file-store';
export { MemoryStore } from './outbox/memory-store';
export type { Kept, Posted, PostOptions } from './posts';
export { type Credentials, Registration, type RegistrationOptions } from './registration';
export type { RequestOptions } from './requests';
export { type AliyunSettings, type CheckedSettings, checkSettings } from './settings';
