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

/** An id is text that holds a number below this. */
const ID_LIMIT = 2 ** 32;
const OK = 200;

export class Requests {
  private lastId = randomInt(ID_LIMIT);
  /** By reply topic and id. */
  private readonly pending = new Pending<string, CloudReply>();

  /** Once is enough for a reply that cannot be read. */
  private warned = false;

  constructor(private readonly options: RequestsOptions) {}

  /** How many wait for their reply. */
  get waiting(): number {
    return this.pending.size;
  }

  /** See `AliyunDevice.request`. */
  async send(method: string, params: unknown, options: RequestOptions = {}): Promise<CloudReply> {
    const { label: device, identity, uplink } = this.options;
    const { operation = method, timeoutMs = this.options.timeoutMs } = options;
    const { topic = requestTopic(identity, method) } = options;
    const id = this.takeId();
    const body = encode(requestBody(id, method, params), device, operation);
    const turn = uplink.turn(timeoutMs, 0, operation);
    const leftMs = typeof turn === 'number' ? turn : await turn;
    const key = keyOf(replyTopic(topic), id);
    const reply = this.wait(key, leftMs, { device, operation, timeoutMs });
    uplink
      .publish({ topic, body, qos: 0, operation }, leftMs)
      .catch((error: Error) => this.pending.reject(key, error));
    return accepted(await reply, device, operation);
  }

  receive(topic: string, payload: Buffer): void {
    const parsed = parseReply(payload);
    if (!('cause' in parsed)) {
      const known = this.pending.resolve(keyOf(topic, parsed.value.id), parsed.value);
      if (!known) this.options.logger.debug(`${this.options.label}: nobody waits for the reply on ${topic}`);
      return;
    }
    const { cause, id } = parsed;
    const problem = new MialinkError('downlinkMalformed', { device: this.options.label, topic, cause });
    const known = id !== undefined && this.pending.reject(keyOf(topic, id), problem);
    if (known || this.warned) return;
    this.warned = true;
    this.options.logger.warn(problem);
  }

  /** The connection is over: replies to what was sent on it will not come. */
  rejectAll(problem: MialinkError): void {
    this.pending.rejectAll(problem);
  }

  private wait(
    key: string,
    leftMs: number,
    values: { device: string; operation: string; timeoutMs: number },
  ): Promise<CloudReply> {
    return this.pending.wait(key, leftMs, () => {
      this.options.probe();
      return new MialinkError('noReply', values);
    });
  }

  private takeId(): string {
    this.lastId = (this.lastId + 1) % ID_LIMIT;
    return String(this.lastId);
  }
}

function keyOf(topic: string, id: string): string {
  return `${topic} ${id}`;
}

function accepted(reply: CloudReply, device: string, operation: string): CloudReply {
  const { code, message } = reply;
  if (code === OK) return reply;
  throw new MialinkError('cloudRefused', { device, operation, code, message }, { peer: { code, message } });
}
