/** The connection between the cloud and one device: one session at a time, an older one loses. */
import type { EventEmitter } from 'node:events';
import type { Session } from './broker';
import type { SendCall } from './calls';
import type { DeviceEvents } from './device-events';
import type { Platform } from './platform';

const EXTENDED_RRPC = 1;

export class Link {
  private present: Session | null = null;
  private signIns = 0;

  constructor(
    private readonly deviceName: string,
    private readonly platform: Platform,
    private readonly device: EventEmitter<DeviceEvents>,
  ) {}

  /** null: off line. */
  get session(): Session | null {
    return this.present;
  }

  /** How often the device signed in. */
  get connects(): number {
    return this.signIns;
  }

  /** A new connection of this triple was accepted; an older one loses. */
  attach(session: Session): void {
    const older = this.present;
    if (older) {
      this.platform.kick(older); // aedes does so too, but misses one that it is just taking down
      this.detach(older);
    }
    this.present = session;
    this.signIns += 1;
  }

  /** This connection may be used. */
  ready(session: Session): void {
    if (this.present !== session) return;
    this.note('up', 'online');
    this.device.emit('online');
  }

  /** This connection is gone. */
  detach(session: Session): void {
    if (this.present !== session) return;
    this.present = null;
    this.note('up', 'offline');
    this.device.emit('offline');
  }

  /** The device subscribed something. */
  subscribed(): void {
    if (this.present) this.device.emit('subscribed', [...this.present.filters]);
  }

  hears(topic: string): boolean {
    return this.present?.isSubscribed(topic) ?? false;
  }

  /** Throws where the device is on line and has not subscribed. */
  send: SendCall = (topic, payload, qos, method, id) => {
    if (this.present && !this.hears(topic)) throw new Error(`${this.deviceName} has not subscribed ${topic}`);
    this.note('down', method, id);
    this.platform.publish(topic, payload, qos);
  };

  /** Throws where the device is on line and did not announce RRPC on other topics than the system's. */
  requireExtendedRrpc(): void {
    if (this.present && !(this.present.extensions & EXTENDED_RRPC)) {
      throw new Error(`${this.deviceName} did not announce ext=1 in its clientId`);
    }
  }

  /** Ends the connection without a packet. */
  kick(): void {
    if (this.present) this.platform.kick(this.present);
  }

  /** Tears the connection by a TCP reset. */
  cut(): void {
    if (this.present) this.platform.cut(this.present);
  }

  /** The connection stays open, but the cloud neither hears nor says anything on it any more. */
  freeze(): void {
    if (this.present) this.platform.freeze(this.present);
  }

  note(direction: 'up' | 'down', method: string, id = '', code: number | null = null): void {
    this.platform.note({ time: Date.now(), deviceName: this.deviceName, direction, method, id, code });
  }
}
