/**
 * What the device asks the cloud: each request has an id, a reply with this id on the request's own reply topic
 * settles it, and so do its time limit and the end of the connection.
 */
import { randomInt } from 'node:crypto';
import { MialinkError } from '../errors';
import type { Logger } from '../logger';
import { Pending } from '../pending';
import { type CloudReply, encode, parseReply, requestBody } from './alink';
import type { Identity } from './identity';
import { replyTopic, requestTopic } from './topics';
import type { Uplink } from './uplink';

export interface RequestOptions {
  /** What the request is for, in words; default its method. */
  operation?: string;
  /** Waiting for the connection and its turn included; default: the device's. */
  timeoutMs?: number;
  /** Where it is published; default: the method with slashes for its dots. */
  topic?: string;
}

export interface RequestsOptions {
  label: string;
  identity: Identity;
  timeoutMs: number;
  uplink: Uplink;
  /** Called after a request without reply: the connection may be dead. */
  probe(): void;
  logger: Logger;
}

/** Where requests go, and who waits for what comes back from there. */
interface Route {
  topic: string;
  /** By id. */
  pending: Pending<string, CloudReply>;
}

const MOST_ROUTES = 50;
/** An id is text that holds a number below 2^32; up to here it is written without floating point. */
const ID_LIMIT = 2 ** 31;
const OK = 200;
/** Of the time limit: a request that is sent later is carried out, but would fail for want of a reply. */
const REPLY_SHARE = 1 / 5;

export class Requests {
  private lastId = randomInt(ID_LIMIT);
  /** By topic, or by method where none was given: the same few again and again. */
  private readonly routes = new Map<string, Route>();
  private readonly routesByReply = new Map<string, Route>();

  private wasOneOfMany = false;
  /** Once is enough for a reply that cannot be read. */
  private warned = false;

  constructor(private readonly options: RequestsOptions) {}

  /** How many wait for their reply. */
  get waiting(): number {
    let count = 0;
    for (const { pending } of this.routesByReply.values()) count += pending.size;
    return count;
  }

  /** See `AliyunDevice.request`. */
  async send(method: string, params: unknown, options: RequestOptions = {}): Promise<CloudReply> {
    const { label: device, uplink } = this.options;
    const { operation = method, timeoutMs = this.options.timeoutMs } = options;
    const id = this.takeId();
    const body = encode(requestBody(id, method, params), device, operation);
    const turn = uplink.turn(timeoutMs, 0, operation, timeoutMs * REPLY_SHARE);
    const leftMs = typeof turn === 'number' ? turn : await turn;
    const { topic, pending } = this.routeOf(options.topic, method);
    uplink.send({ topic, body, operation, isOneOfMany: this.isOneOfMany() });
    const reply = await pending.wait(id, leftMs, () => {
      this.options.probe();
      return new MialinkError('noReply', { device, operation, timeoutMs });
    });
    return accepted(reply, device, operation);
  }

  /** Whether something has been asked that is answered on this topic. */
  expects(topic: string): boolean {
    return this.routesByReply.has(topic);
  }

  receive(topic: string, payload: Buffer): void {
    const pending = this.routesByReply.get(topic)?.pending;
    const parsed = parseReply(payload);
    if (!('cause' in parsed)) {
      const known = pending?.resolve(parsed.value.id, parsed.value);
      if (!known) this.options.logger.debug(`${this.options.label}: nobody waits for the reply on ${topic}`);
      return;
    }
    const { cause, id } = parsed;
    const problem = new MialinkError('downlinkMalformed', { device: this.options.label, topic, cause });
    const known = id !== undefined && pending?.reject(id, problem);
    if (known || this.warned) return;
    this.warned = true;
    this.options.logger.warn(problem);
  }

  /** The connection is over: replies to what was sent on it will not come. */
  rejectAll(problem: MialinkError): void {
    for (const { pending } of this.routesByReply.values()) pending.rejectAll(problem);
  }

  private routeOf(topic: string | undefined, method: string): Route {
    const name = topic ?? method;
    const known = this.routes.get(name);
    if (known) return known;
    const path = topic ?? requestTopic(this.options.identity, method);
    const reply = replyTopic(path);
    const route = this.routesByReply.get(reply) ?? { topic: path, pending: new Pending() };
    if (this.routes.size >= MOST_ROUTES) this.forgetIdle();
    this.routes.set(name, route);
    this.routesByReply.set(reply, route);
    return route;
  }

  private forgetIdle(): void {
    for (const routes of [this.routes, this.routesByReply]) {
      for (const [name, { pending }] of routes) if (pending.size === 0) routes.delete(name);
    }
  }

  /** Whether others are unanswered, or were when the last one went: when their replies come together, several follow. */
  private isOneOfMany(): boolean {
    const lastWas = this.wasOneOfMany;
    this.wasOneOfMany = this.waiting > 0;
    return this.wasOneOfMany || lastWas;
  }

  private takeId(): string {
    this.lastId = (this.lastId + 1) % ID_LIMIT;
    return String(this.lastId);
  }
}

function accepted(reply: CloudReply, device: string, operation: string): CloudReply {
  const { code, message } = reply;
  if (code === OK) return reply;
  throw new MialinkError('cloudRefused', { device, operation, code, message }, { peer: { code, message } });
}
