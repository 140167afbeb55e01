/** What the cloud can ask of one device, and do to it. */
import type { JsonObject } from './alink';
import { type Answer, messageId, type Sync } from './calls';
import type { Firmware } from './firmware-notice';
import type { LogMode } from './functions/device-log';
import { describeJob, type Job, type JobFile } from './functions/jobs';
import type { ConfigOptions } from './functions/remote-config';
import { KnownDevice } from './known-device';
import type { Platform } from './platform';
import type { CloudProductDevice } from './sign';

export interface CallOptions {
  /** Default 8000, the platform's own limit. */
  timeoutMs?: number;
}

const CALL_TIMEOUT_MS = 8000;

export class CloudDevice extends KnownDevice {
  constructor(triple: CloudProductDevice, platform: Platform) {
    super(triple, platform);
    // A session that is not clean has its subscriptions already when it comes.
    this.on('online', () => this.offer());
    this.on('subscribed', () => this.offer());
  }

  /** The reply to raw data, null for none. Default: the same bytes. */
  set onRaw(reply: (bytes: Buffer) => Buffer | null) {
    this.inbox.onRaw = reply;
  }

  /** Wishes for `{identifier: value}`; not pushed, a device asks for them. */
  setDesired(values: object): void {
    this.functions.thing.setDesired(values);
  }

  /** The thing model of its product: given on request, and from now on `knobs.validation` says what it does. */
  setModel(tsl: JsonObject): void {
    this.functions.model.set(tsl);
  }

  /** Property set; resolves with the device's `set_reply`. Rejects without one in time (8 s). */
  setProperties(params: object, options: CallOptions = {}): Promise<Answer> {
    return this.ask('thing/service/property/set', params, options);
  }

  /** Property get, the legacy call; `data` of the answer holds the values. */
  getProperties(identifiers: string[], options: CallOptions = {}): Promise<Answer> {
    return this.ask('thing/service/property/get', identifiers, options);
  }

  /**
   * Service call. `sync` left out: asynchronous, answered on `..._reply`; true: over `rrpc/request/${id}`; 'ext':
   * over `/ext/rrpc/${id}/sys/...`, for a device that announced `ext=1`. Rejects without an answer in time (8 s), and
   * where question or answer break the thing model.
   */
  async invokeService(
    identifier: string,
    input: object,
    options: CallOptions & { sync?: Sync } = {},
  ): Promise<Answer> {
    const { sync = false, timeoutMs = CALL_TIMEOUT_MS } = options;
    if (sync === 'ext') this.link.requireExtendedRrpc();
    this.functions.model.checkCall(identifier, input);
    const answer = await this.calls.invokeService(identifier, input, sync, timeoutMs);
    if (answer.code === 200) this.functions.model.checkOutputs(identifier, answer.data);
    return answer;
  }

  /** RRPC with any bytes. `topic`, such as `/${pk}/${dn}/user/get`: over `/ext/rrpc/${id}` and it, if `ext=1`. */
  async rrpc(
    payload: string | Buffer,
    { topic, timeoutMs = CALL_TIMEOUT_MS }: CallOptions & { topic?: string } = {},
  ): Promise<Buffer> {
    if (topic !== undefined) this.link.requireExtendedRrpc();
    return this.calls.rrpc(payload, topic, timeoutMs);
  }

  /** Raw data down; resolves with the device's. One at a time. */
  callRaw(bytes: Buffer, { timeoutMs = CALL_TIMEOUT_MS }: CallOptions = {}): Promise<Buffer> {
    return this.calls.raw(bytes, timeoutMs);
  }

  /** Replaces the wish in the shadow and tells the device. */
  wish(values: JsonObject): void {
    this.link.note('down', 'shadow');
    this.platform.publish(`/shadow/get/${this.own}`, this.functions.shadow.wish(values), 1);
  }

  /** A remote configuration, for the device to ask for. */
  configure(content: string | Buffer, options?: ConfigOptions): { url: string } {
    return this.functions.config.configure(content, options);
  }

  /** As `configure`, and tells the device; resolves with its `push_reply`. */
  pushConfig(content: string | Buffer, options: ConfigOptions & CallOptions = {}): Promise<Answer> {
    return this.ask('thing/config/push', this.functions.config.configure(content, options), options);
  }

  /** 0: nothing is wanted in the device's log (so it starts); tells the device if it listens. */
  setLogMode(mode: LogMode): void {
    const { log } = this.functions;
    log.mode = mode;
    this.tell('thing/config/log/push', log.configuration);
  }

  /** The device gets it as soon as it is on line and has subscribed. */
  createJob(jobDocument: JsonObject, jobFile?: JobFile): Job {
    const job = this.functions.jobs.create(jobDocument, jobFile);
    this.offer();
    return job;
  }

  /** Throws when the job is over. */
  cancelJob(taskId: string): void {
    this.tell('thing/job/notify', { task: describeJob(this.functions.jobs.cancel(taskId)) });
  }

  /**
   * Without `name`: as the broadcast to all devices that are on line, which needs no SUBSCRIBE. With it: on
   * `/broadcast/${pk}/${name}`, to every device that subscribed.
   */
  broadcast(payload: string | Buffer, name?: string): void {
    const topic =
      name === undefined
        ? `/sys/${this.own}/broadcast/request/${messageId()}`
        : `/broadcast/${this.triple.productKey}/${name}`;
    this.link.note('down', 'broadcast');
    this.platform.publish(topic, payload, 0);
  }

  /** The device is told, then cut off, with an answer (resolves) or without one (rejects), and refused with 4. */
  async disable(options: CallOptions = {}): Promise<Answer> {
    return this.dismiss('disable', 'disabled', options);
  }

  /** It may connect again. Told to it if it is on line; null: it is not. */
  async enable(options: CallOptions = {}): Promise<Answer | null> {
    this.standing = 'enabled';
    return this.online ? this.ask('thing/enable', {}, options) : null;
  }

  /** As `disable`; the cloud does not know the device afterwards. */
  async delete(options: CallOptions = {}): Promise<Answer> {
    return this.dismiss('delete', 'deleted', options);
  }

  /** Opens an upgrade task; the device gets it when it is on line, has informed a version and subscribed. */
  pushFirmware(firmware: Firmware): { url: string } {
    const pushed = this.functions.ota.begin(firmware);
    this.offer();
    return pushed;
  }

  /** Any bytes on any topic that carries this device's names. */
  publish(topic: string, payload: string | Buffer): void {
    this.platform.publish(topic, payload, 1);
  }

  /** Ends the connection as a second client with this triple does. */
  kick(): void {
    this.link.kick();
  }

  /** Tears the TCP connection by a reset. */
  cut(): void {
    this.link.cut();
  }

  /** The connection stays open, but the cloud neither hears nor says anything on it any more. */
  freeze(): void {
    this.link.freeze();
  }

  /** Called by the cloud at its end: rejects what waits. */
  close(): void {
    this.calls.close();
  }

  private ask(path: string, params: unknown, { timeoutMs = CALL_TIMEOUT_MS }: CallOptions): Promise<Answer> {
    return this.calls.request(path, params, timeoutMs);
  }

  private async dismiss(
    word: 'disable' | 'delete',
    standing: 'disabled' | 'deleted',
    options: CallOptions,
  ): Promise<Answer> {
    try {
      return await this.ask(`thing/${word}`, {}, options);
    } finally {
      this.standing = standing;
      this.kick();
    }
  }

  /** If it listens. */
  private tell(path: string, params: unknown): void {
    if (this.link.hears(`/sys/${this.own}/${path}`)) this.calls.notify(path, params);
  }

  private offer(): void {
    this.inbox.offerUpgrade();
    if (!this.link.hears(`/sys/${this.own}/thing/job/notify`)) return;
    for (const job of this.functions.jobs.takeQueued()) {
      this.calls.notify('thing/job/notify', { task: describeJob(job) });
    }
  }
}
