/** miIO devices on the LAN, usable without Node-RED: `new Network().device({ address, token }).call('miIO.info')`. */
export type { Answer } from './command';
export type { CallOptions, MiioDevice } from './device';
export type { DiscoveryOptions, FoundDevice } from './discovery';
export { Network, type NetworkOptions } from './network';
export type { SessionState } from './session';
export { checkSettings, type DeviceSettings } from './settings';
