/**
 * Calls from the cloud to one device, each settled once by the device's reply, its time limit or the end.
 *
 *   property set     /sys/pk/dn/thing/service/property/set         -> ..._reply
 *   service, async   /sys/pk/dn/thing/service/${service}           -> ..._reply
 *   service, sync    /sys/pk/dn/rrpc/request/${mid}                -> /sys/pk/dn/rrpc/response/${mid}
 *   service, ext     /ext/rrpc/${mid}/sys/pk/dn/thing/service/...  -> the same topic
 *
 * Source: reference/aliyun.md 3.2, 4.
 */
import { randomInt } from 'node:crypto';
import { type Reply, writeRequest } from './alink';

/** The device's own `code` and `data`. */
export interface Answer {
  code: number;
  data: unknown;
}

/** `false`: asynchronous; `true`: system RRPC; 'ext': RRPC on the service's own topic. */
export type Sync = boolean | 'ext';

/** Sends a call to the device; throws where it could not arrive. */
export type SendCall = (topic: string, payload: string, qos: 0 | 1, method: string, id: string) => void;

interface Route {
  topic: string;
  replyTopic: string;
  qos: 0 | 1;
}

interface Waiter {
  resolve(answer: Answer): void;
  reject(error: Error): void;
  timer: NodeJS.Timeout;
}

export class Calls {
  /** By reply topic and id. */
  private readonly waiters = new Map<string, Waiter>();
  private nextId = randomInt(1, 1_000_000);

  /** `own` is `${productKey}/${deviceName}`. */
  constructor(
    private readonly own: string,
    private readonly send: SendCall,
  ) {}

  setProperties(params: object, timeoutMs: number): Promise<Answer> {
    return this.call('thing.service.property.set', params, this.route('property/set', false), timeoutMs);
  }

  invokeService(identifier: string, input: object, sync: Sync, timeoutMs: number): Promise<Answer> {
    return this.call(`thing.service.${identifier}`, input, this.route(identifier, sync), timeoutMs);
  }

  /** A reply of the device; nobody may wait for it: a second one, or a late one. */
  receive(topic: string, { id, code, data }: Reply): void {
    this.take(`${topic} ${id}`)?.resolve({ code, data });
  }

  close(): void {
    for (const key of [...this.waiters.keys()]) {
      this.take(key)?.reject(new Error('the simulated cloud was closed'));
    }
  }

  private route(service: string, sync: Sync): Route {
    const topic = `/sys/${this.own}/thing/service/${service}`;
    if (!sync) return { topic, replyTopic: `${topic}_reply`, qos: 1 };
    const mid = `${Date.now()}${randomInt(100_000, 999_999)}`; // as long as the platform's
    if (sync === 'ext')
      return { topic: `/ext/rrpc/${mid}${topic}`, replyTopic: `/ext/rrpc/${mid}${topic}`, qos: 0 };
    const rrpc = `/sys/${this.own}/rrpc`;
    return { topic: `${rrpc}/request/${mid}`, replyTopic: `${rrpc}/response/${mid}`, qos: 0 };
  }

  private async call(method: string, params: object, route: Route, timeoutMs: number): Promise<Answer> {
    const id = String(this.nextId++);
    this.send(route.topic, writeRequest(id, method, params), route.qos, method, id);
    return this.wait(`${route.replyTopic} ${id}`, timeoutMs);
  }

  private wait(key: string, timeoutMs: number): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const late = () => this.take(key)?.reject(new Error(`no reply within ${timeoutMs} ms`));
      this.waiters.set(key, { resolve, reject, timer: setTimeout(late, timeoutMs) });
    });
  }

  private take(key: string): Waiter | undefined {
    const waiter = this.waiters.get(key);
    this.waiters.delete(key);
    clearTimeout(waiter?.timer);
    return waiter;
  }
}
