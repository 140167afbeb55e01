/**
 * What one device says, by topic to the function that it concerns.
 *
 *   /sys/pk/dn/thing/...                           request, answered on ..._reply
 *   ..._reply, rrpc/response/, /ext/rrpc/          the device's answer to a call
 *   /sys/pk/dn/thing/model/up_raw, down_raw_reply  raw data
 *   /ota/device/...                                inform, progress, request
 *   /shadow/update/, /ext/ntp/                     the shadow, the clock
 *   /pk/dn/...                                     custom topics
 *
 * Source: reference/aliyun.md 3 to 7.
 */
import type { EventEmitter } from 'node:events';
import { idOf, readReply } from './alink';
import type { Calls } from './calls';
import type { DeviceEvents, Post, Published } from './device-events';
import type { Functions } from './functions';
import { answerTime } from './functions/time';
import type { Link } from './link';
import type { Platform } from './platform';
import { append } from './recent';
import { Requests } from './requests';
import { Throttle } from './throttle';

export class Inbox {
  /** Oldest first. */
  readonly rawPosts: Buffer[] = [];
  /** Oldest first. */
  readonly published: Published[] = [];
  /** The reply to raw data; null: none. */
  onRaw: (bytes: Buffer) => Buffer | null = (bytes) => bytes;
  /** How many uplinks the limit has cost. */
  throttled = 0;
  private readonly throttle = new Throttle();
  private readonly requests: Requests;

  /** `own` is `${productKey}/${deviceName}`. */
  constructor(
    private readonly own: string,
    private readonly link: Link,
    private readonly platform: Platform,
    private readonly calls: Calls,
    private readonly functions: Functions,
    private readonly device: EventEmitter<DeviceEvents>,
  ) {
    const otherwise = (path: string, params: unknown) => functions.thing.answer(path, params);
    this.requests = new Requests(link, platform, functions.handlers, otherwise, (post) =>
      device.emit('post', post),
    );
  }

  get posts(): Post[] {
    return this.requests.posts;
  }

  receive(topic: string, payload: Buffer, qos: number): void {
    if (!this.throttle.takes(this.platform.knobs.throttle)) {
      this.throttled += 1;
      this.device.emit('throttled', topic);
      return;
    }
    this.device.emit('raw', topic, payload);
    const sys = `/sys/${this.own}/`;
    if (topic.startsWith(sys)) this.receiveSystem(topic, topic.slice(sys.length), payload);
    else if (topic.startsWith('/ota/device/')) this.receiveOta(topic, payload);
    else if (topic.startsWith('/ext/rrpc/')) this.receiveReply(topic, payload);
    else if (topic.startsWith('/ext/ntp/')) this.receiveTime(payload);
    else if (topic.startsWith('/shadow/update/')) this.receiveShadow(payload);
    else if (topic.startsWith(`/${this.own}/`)) this.receiveCustom({ topic, payload, qos });
  }

  /** Sends the notices of the firmware that the device may have and has not got. */
  offerUpgrade(): void {
    if (!this.link.session || !this.link.hears(this.upgradeTopic)) return;
    for (const notice of this.functions.ota.offer(this.link.session)) this.sendUpgrade(notice);
  }

  private receiveSystem(topic: string, path: string, payload: Buffer): void {
    if (path === 'thing/model/up_raw') this.receiveRaw(topic, payload);
    else if (path.endsWith('_reply') || path.startsWith('rrpc/response/')) this.receiveReply(topic, payload);
    else this.requests.receive(topic, path, payload);
  }

  private receiveReply(topic: string, payload: Buffer): void {
    if (this.calls.receiveBytes(topic, payload)) {
      this.link.note('up', 'reply');
      return;
    }
    const reply = readReply(payload);
    this.link.note('up', 'reply', reply?.id ?? idOf(payload), reply?.code ?? null);
    if (!reply) return;
    this.device.emit('reply', { topic, ...reply });
    this.calls.receive(topic, reply);
  }

  private receiveRaw(topic: string, payload: Buffer): void {
    this.link.note('up', 'thing.model.up_raw');
    append(this.rawPosts, payload);
    const reply = this.onRaw(payload);
    if (reply) this.platform.reply(`${topic}_reply`, reply);
  }

  private receiveTime(payload: Buffer): void {
    this.link.note('up', 'ntp');
    const response = answerTime(payload, Date.now() + this.platform.knobs.clockSkewMs);
    if (response) this.platform.reply(`/ext/ntp/${this.own}/response`, response);
  }

  private receiveShadow(payload: Buffer): void {
    this.link.note('up', 'shadow');
    this.platform.reply(`/shadow/get/${this.own}`, this.functions.shadow.receive(payload));
  }

  private receiveCustom(message: Published): void {
    this.link.note('up', message.topic);
    append(this.published, message);
    this.device.emit('published', message);
  }

  private receiveOta(topic: string, payload: Buffer): void {
    const { ota } = this.functions;
    const step = topic.split('/')[3];
    this.link.note('up', `ota.${step}`, idOf(payload));
    if (step === 'inform') {
      const informed = ota.inform(payload);
      if (informed) this.device.emit('version', informed);
      this.offerUpgrade();
    } else if (step === 'progress') {
      const progress = ota.report(payload);
      if (progress) this.device.emit('progress', progress);
    } else {
      const notice = ota.request(payload);
      if (notice) this.sendUpgrade(notice);
    }
  }

  private get upgradeTopic(): string {
    return `/ota/device/upgrade/${this.own}`;
  }

  private sendUpgrade(notice: string): void {
    this.link.note('down', 'ota.upgrade');
    this.platform.publish(this.upgradeTopic, notice, 1);
    if (this.platform.knobs.pushTwice) this.platform.publish(this.upgradeTopic, notice, 1);
  }
}
