/** One device as the cloud knows it: its sign-in, its connection, and what it said. */
import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { Calls } from './calls';
import type { DeviceEvents, Post, Published } from './device-events';
import { Functions } from './functions';
import type { DeviceLogEntry } from './functions/device-log';
import type { Job } from './functions/jobs';
import type { Shadow } from './functions/shadow';
import type { Streams } from './functions/streams';
import { Inbox } from './inbox';
import { Link } from './link';
import type { Progress, Upgrade } from './ota';
import type { Platform } from './platform';
import type { CloudProductDevice } from './sign';
import type { DesiredProperty, StoredEvent, StoredProperty } from './thing';

/** What a device signs in with that registered without pre-registration. */
export interface DeviceToken {
  clientId: string;
  deviceToken: string;
}

export class KnownDevice extends EventEmitter<DeviceEvents> {
  /** A copy: a registration changes the secret. */
  readonly triple: CloudProductDevice;
  /** Other than enabled: the next CONNECT is refused with code 4; the present connection stays. */
  standing: 'enabled' | 'disabled' | 'deleted' = 'enabled';
  /** Its connection, for the cloud. */
  readonly link: Link;
  /** What it says, for the cloud. */
  readonly inbox: Inbox;
  protected readonly functions: Functions;
  protected readonly calls: Calls;
  /** `${productKey}/${deviceName}`. */
  protected readonly own: string;
  private issued: DeviceToken | null = null;
  private connectsAtReset = 0;

  constructor(
    triple: CloudProductDevice,
    protected readonly platform: Platform,
  ) {
    super();
    this.triple = { ...triple };
    this.own = `${triple.productKey}/${triple.deviceName}`;
    this.link = new Link(triple.deviceName, platform, this);
    this.calls = new Calls(this.own, this.link.send);
    this.functions = new Functions(triple, platform);
    this.inbox = new Inbox(this.own, this.link, platform, this.calls, this.functions, this);
  }

  get disabled(): boolean {
    return this.standing === 'disabled';
  }

  set disabled(disabled: boolean) {
    this.standing = disabled ? 'disabled' : 'enabled';
  }

  /** It has signed in once, so it must not register (again). */
  get activated(): boolean {
    return this.connects > this.connectsAtReset;
  }

  /** As the owner does by ResetThing: it may register again. */
  resetActivation(): void {
    this.connectsAtReset = this.connects;
  }

  /** A new DeviceSecret; the old one is worth nothing any more. */
  renewSecret(): { deviceSecret: string } {
    const deviceSecret = randomBytes(16).toString('hex');
    this.triple.deviceSecret = deviceSecret;
    return { deviceSecret };
  }

  /** A new token; the old one is worth nothing any more. */
  issueToken(): DeviceToken {
    this.issued = {
      clientId: randomBytes(8).toString('hex'),
      deviceToken: `^1^${Date.now()}^${randomBytes(16).toString('hex')}`,
    };
    return this.issued;
  }

  /** null: none was issued. */
  get token(): DeviceToken | null {
    return this.issued;
  }

  get online(): boolean {
    return this.link.session !== null;
  }

  /** How often it signed in. */
  get connects(): number {
    return this.link.connects;
  }

  /** Its requests, oldest first; the last 20,000. */
  get posts(): Post[] {
    return this.inbox.posts;
  }

  /** Its messages on custom topics, oldest first. */
  get published(): Published[] {
    return this.inbox.published;
  }

  get rawPosts(): Buffer[] {
    return this.inbox.rawPosts;
  }

  /** How many uplinks `knobs.throttle` has cost. */
  get throttled(): number {
    return this.inbox.throttled;
  }

  /** The last reported value of each, with its time in milliseconds. */
  get properties(): Record<string, StoredProperty> {
    return this.functions.thing.properties;
  }

  get events(): StoredEvent[] {
    return this.functions.thing.events;
  }

  get desired(): Record<string, DesiredProperty> {
    return this.functions.thing.desired;
  }

  get shadow(): Shadow {
    return this.functions.shadow;
  }

  get tags(): Map<string, string> {
    return this.functions.tags.values;
  }

  /** What it logged to the cloud, oldest first. */
  get logs(): DeviceLogEntry[] {
    return this.functions.log.entries;
  }

  /** The `params` of its network reports, oldest first. */
  get diagnoses(): object[] {
    return this.functions.diagnosis.reports;
  }

  /** Oldest first. */
  get jobs(): Job[] {
    return this.functions.jobs.list;
  }

  /** How often it asked to be unbound. */
  get resets(): number {
    return this.functions.resets;
  }

  /** The informed version of each module. */
  get versions(): Record<string, string> {
    return this.functions.ota.versions;
  }

  get progress(): Progress[] {
    return this.functions.ota.progress;
  }

  /** The last task, of any module. */
  get upgrade(): Upgrade | null {
    return this.functions.ota.upgrade;
  }

  /** The last task of each module. */
  get upgrades(): Record<string, Upgrade> {
    return this.functions.ota.upgrades;
  }

  /** What it reads over MQTT, with the ways that goes wrong. */
  get streams(): Streams {
    return this.functions.streams;
  }
}
