/** Devices of the Alibaba Cloud IoT Platform, usable without Node-RED: `new AliyunDevice({ productKey, … }).open()`. */
export * from './device';
export { REGIONS } from './endpoint';
export { getJob, type JobUpdate, onJob, updateJob } from './functions/jobs';
export { type NetworkStatus, postNetworkStatus } from './functions/network-status';
export { resetDevice } from './functions/reset';
export { deleteTags, getTags, updateTags } from './functions/tags';
export { FileStore, MemoryStore } from './outbox';
export { type Credentials, Registration, type RegistrationOptions } from './registration';
