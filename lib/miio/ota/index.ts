/** Firmware of miIO devices from a local file: `upgradeFirmware(device, '/tmp/firmware.bin')`. */
export type { UpgradeProgress, UpgradeResult } from './follow';
export { type Upgradable, type UpgradeOptions, upgradeFirmware } from './upgrade';
