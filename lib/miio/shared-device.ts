/**
 * What all who use one device have in common: the conversation with it, what is known of how much it bears in one
 * request, whether its firmware is being upgraded, and its reports, which begin with the first who wants them and end
 * with the last user of the device, as the scenes of a gateway do.
 */
import type { Upgradable } from './ota';
import { DeviceLimits } from './properties/limits';
import { type PushServers, SceneSubscription, Subscription } from './push';
import { checkSceneEvents } from './push/scene-event';
import type { Session } from './session';
import type { CheckedSettings } from './settings';

export class SharedDevice {
  /** The mark of `upgradeFirmware`. */
  readonly upgrade: Upgradable['upgrade'] = { state: 'none' };
  private users = 0;
  private reports: Subscription | undefined;
  /** Each until the gateway is rid of it. */
  private scenes: readonly SceneSubscription[] = [];
  private idleTimer: NodeJS.Timeout | undefined;

  constructor(
    readonly session: Session,
    private readonly pushServers: PushServers,
    /** What is known of it from before. */
    private bears?: DeviceLimits,
  ) {}

  /** Undefined as long as nobody has asked for properties. */
  get learned(): DeviceLimits | undefined {
    return this.bears;
  }

  /** How much the device bears in one request, as far as it is known. */
  get limits(): DeviceLimits {
    this.bears ??= new DeviceLimits();
    return this.bears;
  }

  /** One user more. */
  use(): void {
    this.users++;
    clearTimeout(this.idleTimer);
  }

  /** One user less; after the last one `unused` is called when nobody has come for `keepMs`. */
  leave(keepMs: number, unused: () => void): void {
    this.users--;
    if (this.users > 0) return;
    this.session.stopWatch();
    void this.endReports();
    this.idleTimer = setTimeout(unused, keepMs).unref();
  }

  subscribe({ label, deviceId }: CheckedSettings): Subscription {
    const { session } = this;
    if (!this.reports) {
      this.reports = new Subscription({ session, label, deviceId });
      this.reports.start();
    }
    return this.reports;
  }

  subscribeScenes({ label, deviceId, bindAddress }: CheckedSettings, events: unknown): SceneSubscription {
    const { session } = this;
    const scenes = new SceneSubscription({
      session,
      label,
      deviceId,
      server: this.pushServers.at(bindAddress),
      events: checkSceneEvents(label, events),
    });
    this.scenes = this.scenes.concat(scenes);
    scenes.on('state', (state) => {
      if (state === 'closed') void scenes.close().then(() => this.forget(scenes));
    });
    scenes.start();
    return scenes;
  }

  private forget(scenes: SceneSubscription): void {
    this.scenes = this.scenes.filter((one) => one !== scenes);
  }

  /** Takes leave of the device, if it is there, and settles what waits for it. */
  async close(): Promise<void> {
    clearTimeout(this.idleTimer);
    await this.endReports();
    this.session.close();
  }

  private async endReports(): Promise<void> {
    const { reports } = this;
    this.reports = undefined;
    await Promise.all([reports?.close(), ...this.scenes.map((scenes) => scenes.close())]);
  }
}
