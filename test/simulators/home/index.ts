/** A simulated home of miIO devices, for tests and the demo. It shares no code with lib. */
export { SimulatedDevice } from './device';
export type { Corruption, Faults } from './faults';
export type { Delivery, GatewayOptions } from './gateway';
export { Home } from './home';
export { gateway, hiddenPlug, lamp, light, purifier } from './models';
export type { SimulatedDeviceOptions } from './options';
export type { OtaFault, OtaOptions, OtaState } from './ota';
export type { Network, ProvisioningOptions } from './provisioning';
export type { Scene } from './scene';
export type {
  Acknowledgement,
  EventReport,
  PropertyReport,
  Subscriber,
  SubscriptionOptions,
} from './subscription';
