/**
 * Calls from the cloud to one device, each settled once by the device's reply, its time limit or the end.
 *
 *   Alink request    /sys/pk/dn/${path}                            -> ..._reply
 *   service, sync    /sys/pk/dn/rrpc/request/${mid}                -> /sys/pk/dn/rrpc/response/${mid}
 *   service, ext     /ext/rrpc/${mid}/sys/pk/dn/thing/service/...  -> the same topic
 *   RRPC, any bytes  /sys/pk/dn/rrpc/request/${mid}                -> /sys/pk/dn/rrpc/response/${mid}
 *   RRPC, custom     /ext/rrpc/${mid}${topic}                      -> the same topic
 *   raw data         /sys/pk/dn/thing/model/down_raw               -> ..._reply
 *
 * Source: reference/aliyun.md 3.2, 4.
 */
import { randomInt } from 'node:crypto';
import { methodOf, type Reply, writeRequest } from './alink';
import { Waiters } from './waiters';

/** The device's own `code` and `data`. */
export interface Answer {
  code: number;
  data: unknown;
}

/** `false`: asynchronous; `true`: system RRPC; 'ext': RRPC on the service's own topic. */
export type Sync = boolean | 'ext';

/** Sends a call to the device; throws where it could not arrive. */
export type SendCall = (
  topic: string,
  payload: string | Buffer,
  qos: 0 | 1,
  method: string,
  id: string,
) => void;

interface Route {
  topic: string;
  replyTopic: string;
  qos: 0 | 1;
}

export class Calls {
  /** By reply topic and id. */
  private readonly answers = new Waiters<Answer>();
  /** By reply topic. */
  private readonly bytes = new Waiters<Buffer>();
  private nextId = randomInt(1, 1_000_000);

  /** `own` is `${productKey}/${deviceName}`. */
  constructor(
    private readonly own: string,
    private readonly send: SendCall,
  ) {}

  /** `path` is the topic below `/sys/${pk}/${dn}/`. */
  request(path: string, params: unknown, timeoutMs: number): Promise<Answer> {
    return this.call(methodOf(path), params, this.plain(path), timeoutMs);
  }

  /** As `request`, for what the device need not answer. */
  notify(path: string, params: unknown): void {
    const { topic, qos } = this.plain(path);
    const id = String(this.nextId++);
    this.send(topic, writeRequest(id, methodOf(path), params), qos, methodOf(path), id);
  }

  invokeService(identifier: string, input: object, sync: Sync, timeoutMs: number): Promise<Answer> {
    const path = `thing/service/${identifier}`;
    const extTopic = sync === 'ext' ? `/sys/${this.own}/${path}` : undefined;
    const route = sync ? this.rrpcRoute(extTopic) : this.plain(path);
    return this.call(methodOf(path), input, route, timeoutMs);
  }

  /** `topic` left out: system RRPC. */
  async rrpc(payload: string | Buffer, topic: string | undefined, timeoutMs: number): Promise<Buffer> {
    const route = this.rrpcRoute(topic);
    this.send(route.topic, payload, route.qos, 'rrpc', '');
    return this.bytes.wait(route.replyTopic, timeoutMs);
  }

  async raw(payload: Buffer, timeoutMs: number): Promise<Buffer> {
    const { topic, replyTopic, qos } = this.plain('thing/model/down_raw');
    this.send(topic, payload, qos, 'thing.model.down_raw', '');
    return this.bytes.wait(replyTopic, timeoutMs);
  }

  /** A reply of the device; nobody may wait for it: a second one, or a late one. */
  receive(topic: string, { id, code, data }: Reply): void {
    this.answers.settle(`${topic} ${id}`, { code, data });
  }

  /** True when a call of free form was answered by it. */
  receiveBytes(topic: string, payload: Buffer): boolean {
    return this.bytes.settle(topic, payload);
  }

  close(): void {
    this.answers.close();
    this.bytes.close();
  }

  private plain(path: string): Route {
    const topic = `/sys/${this.own}/${path}`;
    return { topic, replyTopic: `${topic}_reply`, qos: 1 };
  }

  private rrpcRoute(extTopic: string | undefined): Route {
    const mid = messageId();
    const ext = `/ext/rrpc/${mid}${extTopic}`;
    if (extTopic !== undefined) return { topic: ext, replyTopic: ext, qos: 0 };
    const rrpc = `/sys/${this.own}/rrpc`;
    return { topic: `${rrpc}/request/${mid}`, replyTopic: `${rrpc}/response/${mid}`, qos: 0 };
  }

  private async call(method: string, params: unknown, route: Route, timeoutMs: number): Promise<Answer> {
    const id = String(this.nextId++);
    this.send(route.topic, writeRequest(id, method, params), route.qos, method, id);
    return this.answers.wait(`${route.replyTopic} ${id}`, timeoutMs);
  }
}

/** As long as the platform's: longer than a JavaScript number holds. */
export function messageId(): string {
  return `${Date.now()}${randomInt(100_000, 999_999)}`;
}
