/**
 * miIO devices on the local network, usable without Node-RED.
 *
 *     const network = new Network();
 *     const lamp = network.device({ address: '192.168.1.20', token: '00112233445566778899aabbccddeeff' });
 *     try {
 *       const { model } = await lamp.info();
 *       const { result } = await lamp.call('set_power', ['on'], { timeoutMs: 5_000 });
 *     } catch (error) {
 *       if (error instanceof MialinkError) console.error(error.code, error.message);
 *     } finally {
 *       await network.close();
 *     }
 *
 * A network has one socket and one session for each device, with one command in flight and the others behind it. Every
 * call settles: with the answer, or with a MialinkError whose `code` says which remedy helps.
 */

export type { Caller, CallOptions } from './caller';
export type { Answer } from './command';
export { isDestructive } from './destructive';
export type { MiioDevice } from './device';
export type { DeviceInfo } from './device-info';
export type { DiscoveryOptions, FoundDevice } from './discovery';
export { Network, type NetworkOptions, type SearchOptions } from './network';
export { extractTokens, upgradeFirmware } from './on-demand';
export type { Upgradable, UpgradeOptions, UpgradeProgress, UpgradeResult } from './ota';
export { Presence, type PresenceChange, type PresenceChanges } from './presence';
export * from './properties';
export { DeviceLimits } from './properties/limits';
export { type ProvisioningOutcome, provision, type WifiSettings } from './provisioning';
export type {
  EventReport,
  PropertyReport,
  SceneEvent,
  SceneReport,
  SceneState,
  SceneSubscription,
  Subscription,
  SubscriptionState,
} from './push';
export type { SessionState } from './session';
export { type CheckedSettings, checkSettings, type DeviceSettings } from './settings';
export * from './spec';
export type { ExtractOptions, TokenRecord, TokenSource } from './tokens';
