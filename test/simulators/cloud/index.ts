/** A simulated Alibaba Cloud IoT platform for tests and for the demo, written from the document alone. */

export type { AuthRequest, AuthServer } from './auth-server';
export type { Answer, Sync } from './calls';
export { Cloud, type CloudOptions, type Shortcut } from './cloud';
export type { CallOptions, CloudDevice } from './device';
export type { Post, Published } from './device-events';
export type { FirmwareRequest, FirmwareServer } from './firmware';
export type { Firmware } from './firmware-notice';
export type { DeviceLogEntry, LogMode } from './functions/device-log';
export type { Job, JobFile, JobStatus } from './functions/jobs';
export type { Validation } from './functions/model';
export type { ConfigOptions } from './functions/remote-config';
export type { Streams } from './functions/streams';
export type { Knobs } from './knobs';
export type { Progress, Upgrade } from './ota';
export type { LogEntry } from './platform';
export type { CloudProduct } from './registrar';
export type { CloudProductDevice } from './sign';
export type { DesiredProperty, StoredEvent, StoredProperty } from './thing';
