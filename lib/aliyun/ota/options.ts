/** What the upgrade of a module needs to know, and what it tells. */
import type { MialinkError } from '../../errors';
import type { Logger } from '../../logger';
import type { FetchOptions } from './fetching';
import type { FirmwareNotice } from './notice';
import type { Step } from './progress';
import type { StateStore } from './state-file';
import type { OtaState } from './upgrade-state';
import type { VersionStore } from './version';

export interface OtaOptions extends FetchOptions {
  /** Default: `default`. */
  module?: string;
  /** What the module runs, until another version is informed. */
  version?: string;
  /** `auto` (default): at the notice; `manual`: by `startDownload`. */
  download?: 'auto' | 'manual';
  /** How many firmware versions stay in the directory, the newest included; default 2. */
  keepVersions?: number;
  logger?: Logger;
  /** Default: an informed version is forgotten at a restart. */
  versionStore?: VersionStore;
  /** Default: an upgrade is forgotten at a restart. */
  stateStore?: StateStore;
}

export interface OtaProgress extends Step {
  module: string;
  /** Bytes of all files so far, and in the end; absent with a failure. */
  received?: number;
  size?: number;
}

export interface OtaFirmware {
  /** The verified files, in the order of the notice. */
  paths: string[];
  notice: FirmwareNotice;
  /** It was handed out before, and the program has started anew since. */
  repeated: boolean;
}

export interface OtaEvents {
  /** At each change, with the version that the upgrade is about; after `start` the one that was remembered, if any. */
  state: [state: OtaState, version: string | undefined];
  notice: [FirmwareNotice];
  /** The download's and the failures'; not what the flow reports. */
  progress: [OtaProgress];
  firmware: [OtaFirmware];
  failed: [MialinkError];
}
