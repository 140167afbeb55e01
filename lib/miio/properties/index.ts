/** Properties and actions of a device, MIoT and classic. */
export { PropertyAccess } from './access';
export type { Action, ActionAnswer } from './miot';
export {
  type Change,
  type ClassicProperty,
  type ItemError,
  isMiot,
  type MiotProperty,
  type Property,
  type PropertyAnswer,
} from './property';
export { PropertyWatch, type Reports, type Watchable, type WatchOptions } from './watch';
