/** What a device of the simulated cloud tells its tests. */
import type { Reply } from './alink';
import type { Progress } from './ota';

/** A request of the device whose envelope is in order, answered with 200 or not. */
export interface Post {
  method: string;
  id: string;
  params: unknown;
  topic: string;
}

/** A message on a custom topic. */
export interface Published {
  topic: string;
  payload: Buffer;
  qos: number;
}

export interface DeviceEvents {
  online: [];
  offline: [];
  /** After each SUBSCRIBE: all filters of this connection. */
  subscribed: [string[]];
  /** Carried out. */
  post: [Post];
  reply: [Reply & { topic: string }];
  version: [{ module: string; version: string }];
  progress: [Progress];
  published: [Published];
  /** The topic of an uplink that `knobs.throttle` has cost. */
  throttled: [string];
  /** Every uplink before anything else looks at it, but not what was throttled. */
  raw: [string, Buffer];
}
