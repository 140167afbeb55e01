/** A simulated Alibaba Cloud IoT platform for tests and for the demo, written from the document alone. */

export type { Answer, Sync } from './calls';
export { Cloud, type CloudOptions, type Knobs, type Shortcut } from './cloud';
export type { CloudDevice, Post } from './device';
export type { FirmwareRequest, FirmwareServer } from './firmware';
export type { Firmware, Progress, Upgrade } from './ota';
export type { LogEntry } from './platform';
export type { CloudProductDevice } from './sign';
export type { DesiredProperty, StoredEvent, StoredProperty } from './thing';
