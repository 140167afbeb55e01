/**
 * Where a device has its thing model from: given, or asked of the cloud (`thing.dsltemplate.get`) at each connect, and
 * again while connected, ever more rarely, until there is one. The last one stays while another is asked for.
 *
 *   given                                    known from the start
 *   awaited ──a model──────────────────────> known
 *           ──refused, no model, no reply──> missing ──a model──> known
 *
 * Nothing is known of what a value may be while it is `awaited`, so posts wait; while it is `missing` they go unchecked.
 * A reply may get lost: it takes two without one.
 *
 * Source: Alibaba Cloud IoT Platform, "Obtain the TSL model".
 */
import { Backoff } from '../../backoff';
import { MialinkError } from '../../errors';
import type { Logger } from '../../logger';
import { type Deferred, deferred, timePassed } from '../../wait';
import type { CloudChannel } from '../channel';
import { ThingModel } from './thing-model';

/** As `thingModel`: the model is asked of the cloud. */
export const FROM_CLOUD = 'cloud';

const MOST_UNANSWERED = 2;
/** Of the time of a post: the rest is for the post itself. */
const SHARE = 1 / 2;

export interface ModelSourceOptions {
  channel: Pick<CloudChannel, 'label' | 'request'>;
  /** TSL as text or object, `FROM_CLOUD`, or nothing. */
  given: unknown;
  /** See `Connection.whenConnected`. */
  whenConnected(timeoutMs: number, operation: string): Promise<number>;
  logger: Logger;
  /** Waiting times before it is asked again; default 1 s to 10 min. */
  retry?: Backoff;
}

export class ModelSource {
  private state: 'awaited' | 'known' | 'missing' = 'known';
  private model: ThingModel | undefined;
  private outcome: Deferred<void> = deferred();
  private unanswered = 0;
  /** The connection on which it is asked; none while there is none. */
  private asking: symbol | undefined;
  private timer: NodeJS.Timeout | undefined;
  private readonly retry: Backoff;
  private readonly fromCloud: boolean;
  /** Once is enough, until there is a model. */
  private warned = false;

  /** Throws `modelInvalid` (CONFIG). */
  constructor(private readonly options: ModelSourceOptions) {
    const { given, channel, retry = new Backoff(1_000, 600_000) } = options;
    this.retry = retry;
    this.fromCloud = given === FROM_CLOUD;
    if (this.fromCloud) this.state = 'awaited';
    else if (given !== undefined && given !== '') this.model = ThingModel.parse(given, channel.label);
  }

  /** The last one. Undefined: values are not checked. */
  get current(): ThingModel | undefined {
    return this.model;
  }

  /** The cloud has yet to say how values are to be. */
  get isAwaited(): boolean {
    return this.state === 'awaited';
  }

  /**
   * Resolves with what is left of the time when the model is not awaited any more, or half of the time has passed since
   * the device is connected. Rejects as `Connection.whenConnected` does, and with the problem if the connection is lost.
   */
  async whenSettled(timeoutMs: number, operation: string): Promise<number> {
    if (!this.isAwaited) return timeoutMs;
    const leftMs = await this.options.whenConnected(timeoutMs, operation);
    if (!this.isAwaited) return leftMs;
    const start = performance.now();
    const { promise } = this.outcome;
    if (!(await timePassed(leftMs * SHARE, promise))) await promise;
    return Math.max(1, leftMs - (performance.now() - start));
  }

  /** For what has time: resolves when the model is not awaited any more; rejects when the connection is lost. */
  async settled(): Promise<void> {
    if (this.isAwaited) await this.outcome.promise;
  }

  /** Connected: asks, until `pause`. Again: nothing. */
  resume(): void {
    if (!this.fromCloud || this.asking) return;
    this.asking = Symbol();
    this.retry.reset();
    void this.ask(this.asking);
  }

  /** Not connected. Who waits for the model is told `problem`. */
  pause(problem: MialinkError): void {
    if (!this.fromCloud) return;
    this.asking = undefined;
    clearTimeout(this.timer);
    this.outcome.reject(problem);
    if (this.isAwaited) this.outcome = deferred();
  }

  private async ask(asking: symbol): Promise<void> {
    const { channel } = this.options;
    try {
      const { data } = await channel.request('thing.dsltemplate.get', {}, { operation: 'thing model' });
      if (this.asking === asking) this.take(ThingModel.parse(data, channel.label));
    } catch (error) {
      if (this.asking === asking) this.failed(error, asking);
    }
  }

  private take(model: ThingModel): void {
    this.model = model;
    this.warned = false;
    this.settle('known');
  }

  private failed(error: unknown, asking: symbol): void {
    const isUnanswered = error instanceof MialinkError && error.code === 'TIMEOUT';
    this.unanswered = isUnanswered ? this.unanswered + 1 : 0;
    if (!isUnanswered || this.unanswered >= MOST_UNANSWERED) this.settle(this.model ? 'known' : 'missing');
    if (error instanceof MialinkError && !this.warned) this.options.logger.warn(error);
    this.warned = true;
    this.timer = setTimeout(() => this.ask(asking), this.retry.next());
  }

  private settle(state: 'known' | 'missing'): void {
    this.unanswered = 0;
    this.state = state;
    this.outcome.resolve();
  }
}
