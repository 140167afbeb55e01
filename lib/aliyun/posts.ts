/**
 * What a device reports by itself: properties, their history, events. Checked and converted by the thing model if there
 * is one, then
 *
 *   connected, and it may go now         sent; its reply is the result
 *   away, something kept before it,      kept by the outbox if there is one, else it waits
 *     no turn now, or no thing model yet
 *   broken off on the way                kept by the outbox if there is one, else an error
 *   sign-in refused, device closed       an error
 *
 * With an outbox every value has the time at which it was posted: the cloud shows the value with the latest time, and
 * what is kept may be overtaken. The time of arrival, which the cloud takes otherwise, is that of another clock.
 *
 * Source: Alibaba Cloud IoT Platform, "Device properties, events, and services".
 */
import { MialinkError } from '../errors';
import { isRecord } from '../untrusted';
import { type CloudReply, encode } from './alink';
import type { DeviceState } from './device-state';
import type { Identity } from './identity';
import { LastValues } from './last-values';
import type { ModelSource } from './model';
import { checkPost, type UncheckedPost } from './model/post';
import type { Outbox, OutboxEntry } from './outbox';
import { PostOrder } from './post-order';
import type { RequestOptions } from './requests';
import { withTimes } from './timed';
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
  /** Of a post without one of its own. */
  timeoutMs: number;
  models: ModelSource;
  state(): DeviceState;
  /** Whether a request, there being a connection, need not stand in line. */
  mayGoNow(): boolean;
}

/** Such as `alarm`, `module:alarm` or `_LivingLink.alarm`. */
const IDENTIFIER = /^(\w+:)?\w+(\.\w+)*$/;

export class Posts {
  private readonly lastValues = new LastValues();
  /** Of those that the outbox may have to keep. */
  private readonly underWay = new Set<Promise<Posted>>();
  private readonly order = new PostOrder();

  constructor(private readonly options: PostsOptions) {}

  /** Those of the properties in this array that have been posted: `{identifier: value}`. */
  lastOf(identifiers: unknown): Record<string, unknown> {
    return this.lastValues.of(identifiers);
  }

  /** See `AliyunDevice.postProperties`. */
  properties(params: Record<string, unknown>, options: PostOptions = {}): Promise<Posted> {
    try {
      return this.post('property', 'thing.event.property.post', params, {
        operation: 'property post',
        ...options,
      });
    } catch (error) {
      // An async function would take two promises more for each of the most frequent posts.
      return Promise.reject(error);
    }
  }

  /** See `AliyunDevice.postHistory`. */
  history(sets: Record<string, unknown>[], options: PostOptions = {}): Promise<Posted> {
    const params = [{ identity: this.options.identity, properties: sets }];
    return this.post('history', 'thing.event.property.history.post', params, {
      operation: 'property history',
      ...options,
    });
  }

  /** See `AliyunDevice.postBatch`. */
  batch(properties: Record<string, unknown>, options: PostOptions = {}): Promise<Posted> {
    return this.post(
      'batch',
      'thing.event.property.batch.post',
      { properties },
      {
        operation: 'property batch',
        ...options,
      },
    );
  }

  /** See `AliyunDevice.postEvent`. */
  event(event: string, outputs: Record<string, unknown>, options: PostOptions = {}): Promise<Posted> {
    const { identity, label: device } = this.options;
    if (!event) throw new MialinkError('eventMissing', { device });
    if (!IDENTIFIER.test(event)) {
      const rule = 'an identifier of letters, digits, _ and dots between them';
      throw new MialinkError('settingInvalid', { device, field: 'event', rule, value: event });
    }
    const params = { value: outputs, time: Date.now() };
    const topic = eventTopic(identity, event);
    return this.post('event', `thing.event.${event}.post`, params, {
      operation: `event ${event}`,
      topic,
      ...options,
    });
  }

  /** What the outbox has kept goes to the cloud, checked now if it could not be when it was posted. */
  async deliver(entry: OutboxEntry): Promise<CloudReply> {
    const { models, send } = this.options;
    const { method, topic, operation, isUnchecked } = entry;
    if (isUnchecked) await models.settled();
    const params = isUnchecked && models.current ? checkPost(models.current, entry) : entry.params;
    return send(method, params, { topic, operation });
  }

  /** Resolves when everything is sent, kept or failed; to be called when nothing can be sent any more. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.underWay);
  }

  private post(
    kind: OutboxEntry['kind'],
    method: string,
    given: unknown,
    options: PostOptions & { operation: string },
  ): Promise<Posted> {
    const { outbox, models, send } = this.options;
    const isUnchecked = models.isAwaited;
    if (!outbox && isUnchecked) return this.sendWhenSettled({ kind, method, params: given }, options);
    const checked = this.checked({ kind, method, params: given });
    if (!outbox) return send(method, checked, options);
    const acceptedAt = Date.now();
    const { topic, operation, source } = options;
    // Whoever posted it may change it while it is on its way, and it may be kept after that.
    const accepted: unknown = JSON.parse(encode(Object(checked), this.options.label, operation));
    const params = kind === 'property' && isRecord(accepted) ? withTimes(accepted, acceptedAt) : accepted;
    const entry = { kind, method, topic, operation, params, acceptedAt, source, isUnchecked };
    const posted = this.sendOrKeep(outbox, entry, options);
    this.underWay.add(posted);
    const leave = () => this.underWay.delete(posted);
    posted.then(leave, leave);
    return posted;
  }

  private async sendWhenSettled(
    post: UncheckedPost,
    options: PostOptions & { operation: string },
  ): Promise<Posted> {
    const { models, send, timeoutMs } = this.options;
    const leftMs = await models.whenSettled(options.timeoutMs ?? timeoutMs, options.operation);
    return send(post.method, this.checked(post), { ...options, timeoutMs: leftMs });
  }

  private checked(post: UncheckedPost): unknown {
    const model = this.options.models.current;
    const params = model ? checkPost(model, post) : post.params;
    if (post.kind === 'property' && isRecord(params)) this.lastValues.remember(params);
    return params;
  }

  private async sendOrKeep(outbox: Outbox, entry: OutboxEntry, options: RequestOptions): Promise<Posted> {
    const place = this.order.take();
    try {
      if (!this.hasToQueue(outbox)) {
        try {
          return await this.options.send(entry.method, entry.params, options);
        } catch (error) {
          if (!isOnTheWay(error)) throw error;
        }
      }
      await place.turn();
      const kept = outbox.add(entry);
      // Behind this one, but not after it is on the disk: many together are synced once.
      place.leave();
      await kept;
      return { queued: true };
    } finally {
      place.leave();
    }
  }

  /** What was kept first goes first; and what stood in line would be lost in a crash. */
  private hasToQueue(outbox: Outbox): boolean {
    const { models, state, mayGoNow } = this.options;
    if (state() === 'connected') {
      return !outbox.isEmpty || this.order.isWaitedIn || !mayGoNow() || models.isAwaited;
    }
    return isAway(state());
  }
}

function isAway(state: DeviceState): boolean {
  return state === 'idle' || state === 'connecting' || state === 'disconnected' || state === 'disabled';
}

/** Broken off: by the connection, for want of a reply, by our own end, or as the cloud has disabled the device. */
function isOnTheWay(error: unknown): boolean {
  if (!(error instanceof MialinkError)) return false;
  return ['TRANSPORT', 'TIMEOUT', 'CANCELLED'].includes(error.code) || error.reason === 'deviceDisabled';
}
