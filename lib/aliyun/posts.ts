/**
 * What a device reports by itself: properties, their history, events. Checked and converted by the thing model if there
 * is one, then
 *
 *   connected, nothing kept before it    sent; its reply is the result
 *   broken off on the way, or away       kept by the outbox if there is one, with the time of now
 *   sign-in refused, device closed       an error
 *
 * Source: Alibaba Cloud IoT Platform, "Device properties, events, and services".
 */
import { MialinkError } from '../errors';
import { isRecord } from '../untrusted';
import type { CloudReply } from './alink';
import type { DeviceState } from './device-state';
import type { Identity } from './identity';
import { LastValues } from './last-values';
import type { ThingModel } from './model';
import type { Outbox, OutboxEntry } from './outbox';
import type { RequestOptions } from './requests';
import { eventTopic } from './topics';

/** Kept for later: the cloud has not got it yet. */
export interface Kept {
  queued: true;
}

export type Posted = CloudReply | Kept;

export interface PostOptions extends RequestOptions {
  /** Comes back with `refused`, if the cloud refuses for good what was kept. */
  source?: string;
}

export interface PostsOptions {
  label: string;
  identity: Identity;
  /** See `AliyunDevice.request`. */
  send(method: string, params: unknown, options: RequestOptions): Promise<CloudReply>;
  outbox?: Outbox;
  /** The present one. */
  model(): ThingModel | undefined;
  state(): DeviceState;
}

type Post = Pick<OutboxEntry, 'kind' | 'method' | 'params' | 'topic' | 'operation' | 'acceptedAt' | 'source'>;

/** Such as `alarm`, `module:alarm` or `_LivingLink.alarm`. */
const IDENTIFIER = /^(\w+:)?\w+(\.\w+)*$/;

export class Posts {
  private readonly lastValues = new LastValues();

  constructor(private readonly options: PostsOptions) {}

  /** Those of the properties in this array that have been posted: `{identifier: value}`. */
  lastOf(identifiers: unknown): Record<string, unknown> {
    return this.lastValues.of(identifiers);
  }

  /** See `AliyunDevice.postProperties`. */
  properties(params: Record<string, unknown>, options: PostOptions = {}): Promise<Posted> {
    const checked = this.options.model()?.checkProperties(params) ?? params;
    this.lastValues.remember(checked);
    return this.post('property', 'thing.event.property.post', checked, {
      operation: 'property post',
      ...options,
    });
  }

  /** See `AliyunDevice.postHistory`. */
  history(sets: Record<string, unknown>[], options: PostOptions = {}): Promise<Posted> {
    const properties = this.options.model()?.checkHistory(sets) ?? sets;
    const params = [{ identity: this.options.identity, properties }];
    return this.post('history', 'thing.event.property.history.post', params, {
      operation: 'property history',
      ...options,
    });
  }

  /** See `AliyunDevice.postBatch`. */
  batch(properties: Record<string, unknown>, options: PostOptions = {}): Promise<Posted> {
    const params = { properties: this.options.model()?.checkBatch(properties) ?? properties };
    return this.post('batch', 'thing.event.property.batch.post', params, {
      operation: 'property batch',
      ...options,
    });
  }

  /** See `AliyunDevice.postEvent`. */
  event(event: string, outputs: Record<string, unknown>, options: PostOptions = {}): Promise<Posted> {
    const { identity, label: device } = this.options;
    if (!event) throw new MialinkError('eventMissing', { device });
    if (!IDENTIFIER.test(event)) {
      const rule = 'an identifier of letters, digits, _ and dots between them';
      throw new MialinkError('settingInvalid', { device, field: 'event', rule, value: event });
    }
    const value = this.options.model()?.checkEvent(event, outputs) ?? outputs;
    const params = { value, time: Date.now() };
    const topic = eventTopic(identity, event);
    return this.post('event', `thing.event.${event}.post`, params, {
      operation: `event ${event}`,
      topic,
      ...options,
    });
  }

  private async post(
    kind: OutboxEntry['kind'],
    method: string,
    params: unknown,
    options: PostOptions & { operation: string },
  ): Promise<Posted> {
    const { outbox, state } = this.options;
    if (!outbox) return this.options.send(method, params, options);
    // Not when it is kept: while the reply is waited for, younger values may overtake it.
    const acceptedAt = Date.now();
    const keep = () => this.keep(outbox, { ...options, kind, method, params, acceptedAt });
    // What was kept first goes first.
    if (isAway(state()) || (state() === 'connected' && !outbox.isEmpty)) return keep();
    try {
      return await this.options.send(method, params, options);
    } catch (error) {
      const isOnTheWay = error instanceof MialinkError && ['TRANSPORT', 'TIMEOUT'].includes(error.code);
      if (!isOnTheWay) throw error;
      return keep();
    }
  }

  private async keep(outbox: Outbox, post: Post): Promise<Kept> {
    const { kind, method, params, topic, operation, acceptedAt, source } = post;
    const timed = kind === 'property' && isRecord(params) ? withTimes(params, acceptedAt) : params;
    await outbox.add({ kind, method, params: timed, topic, operation, acceptedAt, source });
    return { queued: true };
  }
}

function isAway(state: DeviceState): boolean {
  return state === 'idle' || state === 'connecting' || state === 'disconnected' || state === 'disabled';
}

/** Otherwise the cloud would take the time of arrival. */
function withTimes(params: Record<string, unknown>, time: number): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(params).map(([identifier, value]) => {
      const timed = isRecord(value) && 'value' in value;
      return [identifier, timed ? { time, ...value } : { value, time }];
    }),
  );
}
