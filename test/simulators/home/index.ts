/** A simulated home of miIO devices, for tests and the demo. It shares no code with lib. */
export { SimulatedDevice } from './device';
export type { Corruption, Faults } from './faults';
export { Home } from './home';
export { hiddenPlug, lamp, purifier } from './models';
export type { SimulatedDeviceOptions } from './options';
