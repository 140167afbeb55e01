/** What devices report of their own accord: MIoT devices to their subscribers, gateways to the scenes they are given. */
export { PushServer, type PushServerOptions } from './push-server';
export { PushServers } from './push-servers';
export type { EventReport, PropertyReport } from './report';
export { checkSceneEvents, type SceneEvent } from './scene-event';
export {
  type SceneOptions,
  type SceneReport,
  type SceneState,
  SceneSubscription,
} from './scene-subscription';
export {
  type Conversation,
  Subscription,
  type SubscriptionOptions,
  type SubscriptionState,
} from './subscription';
