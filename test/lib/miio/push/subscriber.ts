/** A subscription to a simulated light, over real UDP on loopback. */
import { once } from 'node:events';
import { Subscription, type SubscriptionState } from '../../../../lib/miio/push';
import { light, SimulatedDevice, type SimulatedDeviceOptions } from '../../../simulators/home';
import type { Client } from '../conversation';

/** What a subscription told: states as they are called, reports as they are. */
type Told = SubscriptionState | object;

export class Subscriber {
  readonly subscription: Subscription;
  readonly told: Told[] = [];

  constructor(
    readonly client: Client,
    options: { deviceId?: string } = {},
  ) {
    this.subscription = new Subscription({ session: client.session, label: 'the light', ...options });
    this.subscription.on('state', (state) => this.told.push(state));
    this.subscription.on('properties', (properties) => this.told.push(properties));
    this.subscription.on('event', (event) => this.told.push(event));
    this.subscription.start();
    client.session.startWatch();
  }

  /** Resolves when the state is reached; at once if it is the state already. */
  async reaches(wanted: SubscriptionState): Promise<void> {
    while (this.subscription.state !== wanted) await once(this.subscription, 'state');
  }

  async close(): Promise<void> {
    await this.subscription.close();
    await this.client.close();
  }
}

/** A light on a free port of a loopback address. */
export async function pluggedInLight(
  options: Partial<SimulatedDeviceOptions> = {},
): Promise<SimulatedDevice> {
  const device = new SimulatedDevice(light({ port: 0, ...options }));
  await device.start();
  return device;
}
