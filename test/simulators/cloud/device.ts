/**
 * One device as the cloud sees it: what it said, and what the cloud can ask of it.
 *
 *   uplink    /sys/pk/dn/thing/...          request, answered on ..._reply
 *             ..._reply, rrpc/response/, /ext/rrpc/    the device's answer to a call
 *             /ota/device/...               inform, progress, request
 *
 * Source: reference/aliyun.md 3, 4 (RRPC), 5.
 */
import { EventEmitter } from 'node:events';
import { idOf, methodOf, Refusal, type Reply, readReply, readRequest } from './alink';
import type { Session } from './broker';
import { type Answer, Calls, type SendCall, type Sync } from './calls';
import { type Firmware, Ota, type Progress, type Upgrade } from './ota';
import type { Platform } from './platform';
import { append } from './recent';
import type { CloudProductDevice } from './sign';
import { type DesiredProperty, type StoredEvent, type StoredProperty, Thing } from './thing';

/** A request of the device whose envelope is in order, answered with 200 or not. */
export interface Post {
  method: string;
  id: string;
  params: unknown;
  topic: string;
}

export interface DeviceEvents {
  online: [];
  offline: [];
  /** After each SUBSCRIBE: all filters of this connection. */
  subscribed: [string[]];
  post: [Post];
  reply: [Reply & { topic: string }];
  version: [{ module: string; version: string }];
  progress: [Progress];
  /** Every uplink before anything else looks at it. */
  raw: [string, Buffer];
}

const CALL_TIMEOUT_MS = 8000;
const EXTENDED_RRPC = 1;

export class CloudDevice extends EventEmitter<DeviceEvents> {
  /** True: the next CONNECT is refused with code 4; the present connection stays. */
  disabled = false;
  /** Oldest first. */
  readonly posts: Post[] = [];
  private session: Session | null = null;
  private signIns = 0;
  private readonly thing: Thing;
  private readonly ota: Ota;
  private readonly calls: Calls;
  private readonly own: string;

  constructor(
    readonly triple: CloudProductDevice,
    private readonly platform: Platform,
  ) {
    super();
    this.own = `${triple.productKey}/${triple.deviceName}`;
    this.calls = new Calls(this.own, this.sendCall);
    this.thing = new Thing(triple);
    this.ota = new Ota(platform.serve);
  }

  get online(): boolean {
    return this.session !== null;
  }

  /** How often it signed in. */
  get connects(): number {
    return this.signIns;
  }

  /** The last reported value of each, with its time in milliseconds. */
  get properties(): Record<string, StoredProperty> {
    return this.thing.properties;
  }

  get events(): StoredEvent[] {
    return this.thing.events;
  }

  get desired(): Record<string, DesiredProperty> {
    return this.thing.desired;
  }

  /** The informed version of each module. */
  get versions(): Record<string, string> {
    return this.ota.versions;
  }

  get progress(): Progress[] {
    return this.ota.progress;
  }

  get upgrade(): Upgrade | null {
    return this.ota.upgrade;
  }

  /** Wishes for `{identifier: value}`; not pushed, a device asks for them. */
  setDesired(values: object): void {
    this.thing.setDesired(values);
  }

  /** Property set; resolves with the device's `set_reply`. Rejects without one in time (8 s). */
  setProperties(params: object, options: { timeoutMs?: number } = {}): Promise<Answer> {
    return this.calls.setProperties(params, options.timeoutMs ?? CALL_TIMEOUT_MS);
  }

  /**
   * Service call. `sync` left out: asynchronous, answered on `..._reply`; true: over `rrpc/request/${id}`; 'ext':
   * over `/ext/rrpc/${id}/sys/...`, for a device that announced `ext=1`. Rejects without an answer in time (8 s).
   */
  async invokeService(
    identifier: string,
    input: object,
    options: { sync?: Sync; timeoutMs?: number } = {},
  ): Promise<Answer> {
    const { sync = false, timeoutMs = CALL_TIMEOUT_MS } = options;
    if (sync === 'ext' && this.session && !(this.session.extensions & EXTENDED_RRPC)) {
      throw new Error(`${this.triple.deviceName} did not announce ext=1 in its clientId`);
    }
    return this.calls.invokeService(identifier, input, sync, timeoutMs);
  }

  /** Opens an upgrade task; the device gets it when it is on line, has informed a version and subscribed. */
  pushFirmware(firmware: Firmware): { url: string } {
    const pushed = this.ota.begin(firmware);
    this.offerUpgrade();
    return pushed;
  }

  /** Any bytes on any topic that carries this device's names. */
  publish(topic: string, payload: string | Buffer): void {
    this.platform.publish(topic, payload, 1);
  }

  /** Ends the connection as a second client with this triple does. */
  kick(): void {
    if (this.session) this.platform.kick(this.session);
  }

  /** Tears the TCP connection by a reset. */
  cut(): void {
    if (this.session) this.platform.cut(this.session);
  }

  /** Called by the cloud: a new connection of this triple was accepted; an older one loses. */
  attach(session: Session): void {
    const older = this.session;
    if (older) {
      this.platform.kick(older); // aedes does so too, but misses one that it is just taking down
      this.detach(older);
    }
    this.session = session;
    this.signIns += 1;
  }

  /** Called by the cloud: this connection may be used. */
  ready(session: Session): void {
    if (this.session !== session) return;
    this.note('up', 'online');
    this.emit('online');
    this.offerUpgrade(); // a session that is not clean has its subscriptions already
  }

  /** Called by the cloud: this connection is gone. */
  detach(session: Session): void {
    if (this.session !== session) return;
    this.session = null;
    this.note('up', 'offline');
    this.emit('offline');
  }

  /** Called by the cloud: the device subscribed something. */
  subscribed(): void {
    if (!this.session) return;
    this.emit('subscribed', [...this.session.filters]);
    this.offerUpgrade();
  }

  /** Called by the cloud: the device published. */
  receive(topic: string, payload: Buffer): void {
    this.emit('raw', topic, payload);
    const sys = `/sys/${this.own}/`;
    if (topic.startsWith('/ota/device/')) this.receiveOta(topic, payload);
    else if (topic.startsWith('/ext/rrpc/') || topic.startsWith(`${sys}rrpc/response/`)) {
      this.receiveReply(topic, payload);
    } else if (topic.startsWith(sys)) {
      if (topic.endsWith('_reply')) this.receiveReply(topic, payload);
      else this.receiveRequest(topic, topic.slice(sys.length), payload);
    }
  }

  /** Called by the cloud at its end: rejects what waits. */
  close(): void {
    this.calls.close();
  }

  private receiveRequest(topic: string, path: string, payload: Buffer): void {
    const method = methodOf(path);
    let ack = true;
    let outcome: Answer & { message: string };
    try {
      const { id, params, ...request } = readRequest(payload, method);
      ack = request.ack;
      const post = { method, id, params, topic };
      append(this.posts, post);
      const replyCode = this.platform.replyCode();
      if (replyCode !== 200) throw new Refusal(replyCode, 'refused by the simulated cloud');
      const isPull = path === 'thing/ota/firmware/get';
      outcome = {
        code: 200,
        data: isPull ? this.ota.pull(params) : this.thing.answer(path, params),
        message: 'success',
      };
      this.emit('post', post);
    } catch (error) {
      const refusal = error instanceof Refusal ? error : new Refusal(500, 'system error');
      outcome = { code: refusal.code, data: {}, message: refusal.message };
    }
    const id = idOf(payload);
    this.note('up', method, id, outcome.code);
    if (ack)
      this.platform.reply(`${topic}_reply`, JSON.stringify({ id, ...outcome, method, version: '1.0' }));
  }

  private receiveReply(topic: string, payload: Buffer): void {
    const reply = readReply(payload);
    this.note('up', 'reply', reply?.id ?? idOf(payload), reply?.code ?? null);
    if (!reply) return;
    this.emit('reply', { topic, ...reply });
    this.calls.receive(topic, reply);
  }

  private receiveOta(topic: string, payload: Buffer): void {
    const step = topic.split('/')[3];
    this.note('up', `ota.${step}`, idOf(payload));
    if (step === 'inform') {
      const informed = this.ota.inform(payload);
      if (informed) this.emit('version', informed);
      this.offerUpgrade();
    } else if (step === 'progress') {
      const progress = this.ota.report(payload);
      if (progress) this.emit('progress', progress);
    } else {
      const notice = this.ota.request(payload);
      if (notice) this.sendUpgrade(notice);
    }
  }

  private offerUpgrade(): void {
    if (!this.session?.isSubscribed(this.upgradeTopic)) return;
    const notice = this.ota.offer(this.session);
    if (notice) this.sendUpgrade(notice);
  }

  private get upgradeTopic(): string {
    return `/ota/device/upgrade/${this.own}`;
  }

  private sendUpgrade(notice: string): void {
    this.note('down', 'ota.upgrade');
    this.platform.publish(this.upgradeTopic, notice, 1);
  }

  private sendCall: SendCall = (topic, payload, qos, method, id) => {
    if (this.session && !this.session.isSubscribed(topic)) {
      throw new Error(`${this.triple.deviceName} has not subscribed ${topic}`);
    }
    this.note('down', method, id);
    this.platform.publish(topic, payload, qos);
  };

  private note(direction: 'up' | 'down', method: string, id = '', code: number | null = null): void {
    this.platform.note({ time: Date.now(), deviceName: this.triple.deviceName, direction, method, id, code });
  }
}
