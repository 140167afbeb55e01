/**
 * One get or set of many properties: as few requests as the device bears, under one deadline.
 *
 *   items ─▶ portions ─▶ answered
 *               ▲  └─ refused, or silent ─▶ its two halves ─▶ one item ─▶ the error of its name
 *               └────────────────────────────────┘
 *
 * n items make at most 2n - 1 requests. The operation fails as a whole with the device's error when it got nothing
 * at all, when the device falls silent to what it has answered before, and when the network, the token or the caller
 * ends it. When its time is over with some answered, the others have a TIMEOUT of their own.
 *
 * A request that is larger than any answered before gets half of the time that is left and one retry: there must be
 * time to ask for less. But a module that needs 4 s to say -9999 is given them, or its refusals would never be heard;
 * so a get of 10 s hears two of them, and the next one begins with what was learned.
 */
import { MialinkError } from '../../errors';
import type { Caller, CallOptions } from '../caller';
import { type Failure, failureOf, ours } from './failure';
import type { Item, Outcomes } from './item';
import { fromError, refusedItem, unansweredItem } from './item-errors';
import type { Limits } from './limits';
import type { ItemError, PropertyAnswer } from './property';

/** A request that takes a list of items. */
export interface ListRequest<One extends Item> {
  method: string;
  limits: Limits;
  /** Undefined for what is no answer to this method. */
  read(result: unknown, items: readonly One[]): Outcomes | undefined;
}

/** A request of its own for one or more names. */
export interface SingleRequest {
  method: string;
  params: unknown;
  names: readonly string[];
  read(result: unknown): Outcomes | undefined;
}

export interface OperationOptions extends CallOptions {
  timeoutMs: number;
  /** False: what a device may have carried out is not sent again in halves. */
  divides: boolean;
}

/** Of one request. */
type Allowance = Pick<CallOptions, 'timeoutMs' | 'retries' | 'repeatsUnheard'>;

/** The Wi-Fi module waits about 4 s for its controller: a property that spoils all gets no more. */
const SPOILER_TIMEOUT_MS = 5_000;
/** So many items refused one by one, and none answered: the others will fare no better. */
const HOPELESS = 5;

export class Operation {
  private readonly endsAt: number;
  private readonly values = new Map<string, unknown>();
  private readonly errors = new Map<string, ItemError>();
  /** Items of the present list that are not settled yet. */
  private outstanding = 0;
  private requestsAnswered = 0;
  /** Why requests failed that could not be divided. */
  private readonly refusals: MialinkError[] = [];
  private lastRefusal: MialinkError | undefined;
  private lastSilence: MialinkError | undefined;
  private readonly spoilers: { item: Item; limits: Limits }[] = [];

  constructor(
    private readonly device: Caller,
    private readonly options: OperationOptions,
  ) {
    this.endsAt = performance.now() + options.timeoutMs;
  }

  /** Asks for all items in portions; rejects with a MialinkError when the operation has failed as a whole. */
  async list<One extends Item>(items: readonly One[], request: ListRequest<One>): Promise<void> {
    this.outstanding = items.length;
    await this.inPortions(request.limits.inOrder(items), request);
  }

  /** Sends one request of its own. */
  async single({ method, params, names, read }: SingleRequest): Promise<void> {
    const allowance = { timeoutMs: this.timeLeft(method), retries: this.options.retries };
    try {
      this.settle(names, await this.send(method, params, allowance, read));
    } catch (caught) {
      const error = ours(caught);
      const failure = failureOf(error);
      if (failure === 'silent' || failure === 'final') throw error;
      this.giveUp(names, error);
    }
  }

  /** Values and errors by name; throws the device's first error when not one request was answered. */
  finish(): PropertyAnswer {
    if (this.refusals.length > 0 && this.requestsAnswered === 0) throw this.asWhole();
    for (const { item, limits } of this.spoilers) limits.spoiledBy(item);
    return { values: Object.fromEntries(this.values), errors: Object.fromEntries(this.errors) };
  }

  /** True when every item was answered. */
  private async inPortions<One extends Item>(
    items: readonly One[],
    request: ListRequest<One>,
  ): Promise<boolean> {
    let complete = true;
    for (let rest = items; rest.length > 0; ) {
      const portion = request.limits.portion(rest);
      rest = rest.slice(portion.length);
      complete = (await this.portion(portion, request)) && complete;
    }
    return complete;
  }

  private async portion<One extends Item>(
    items: readonly One[],
    request: ListRequest<One>,
  ): Promise<boolean> {
    const { limits, method, read } = request;
    if (this.isOver) return this.late(items, method);
    const allowance = this.allowanceFor(items, request);
    const proven = limits.isProven(items);
    const params = items.map(({ param }) => param);
    const sentAt = performance.now();
    try {
      const outcomes = await this.send(method, params, allowance, (result) => read(result, items));
      limits.answers(items);
      this.outstanding -= items.length;
      this.settle(
        items.map(({ name }) => name),
        outcomes,
      );
      return true;
    } catch (caught) {
      const error = ours(caught);
      const failure = failureOf(error);
      if (failure === 'final' || failure === 'methodUnknown') throw error;
      if (failure === 'silent' && proven) throw error;
      if (failure === 'refused') {
        this.lastRefusal = error;
        limits.refusedAfter(performance.now() - sentAt);
      } else {
        this.lastSilence = error;
        // It was given less than a refusal takes, which is not to be held against the items.
        if (this.isOver && performance.now() - sentAt < limits.patienceMs) return this.late(items, method);
      }
      return items.length > 1
        ? this.halves(items, request, failure, error)
        : this.alone(items, request, failure, error);
    }
  }

  private async halves<One extends Item>(
    items: readonly One[],
    request: ListRequest<One>,
    failure: Failure,
    error: MialinkError,
  ): Promise<boolean> {
    if (!this.options.divides) throw error;
    // A silence may as well be the network's: it counts only when the halves are answered.
    if (failure === 'refused') request.limits.exceededBy(items.length);
    const middle = Math.ceil(items.length / 2);
    const first = await this.inPortions(items.slice(0, middle), request);
    const second = await this.inPortions(items.slice(middle), request);
    if (first && second) request.limits.exceededBy(items.length);
    return first && second;
  }

  private alone<One extends Item>(
    items: readonly One[],
    { limits }: ListRequest<One>,
    failure: Failure,
    error: MialinkError,
  ): false {
    if (failure === 'silent' && this.requestsAnswered === 0) throw error;
    this.outstanding -= items.length;
    this.spoilers.push(...items.map((item) => ({ item, limits })));
    this.giveUp(
      items.map(({ name }) => name),
      error,
    );
    return false;
  }

  /** The time was over before they could be asked for, or answered. */
  private late<One extends Item>(items: readonly One[], method: string): false {
    const error = new MialinkError('noAnswer', {
      device: this.device.label,
      method,
      timeoutMs: this.options.timeoutMs,
    });
    // What the device has said, and else the likely cause of its silence, tell more than that the time is over.
    if (this.requestsAnswered === 0) throw this.lastRefusal ?? this.lastSilence ?? error;
    this.outstanding -= items.length;
    for (const { name } of items) this.errors.set(name, fromError(error));
    return false;
  }

  private async send(
    method: string,
    params: unknown,
    allowance: Allowance,
    read: (result: unknown) => Outcomes | undefined,
  ): Promise<Outcomes> {
    const { signal } = this.options;
    try {
      const { result } = await this.device.call(method, params, { ...allowance, signal });
      const outcomes = read(result);
      if (!outcomes) throw new MialinkError('answerUnexpected', { device: this.device.label, method });
      this.requestsAnswered++;
      return outcomes;
    } catch (caught) {
      throw this.ofWhole(ours(caught));
    }
  }

  /** Nobody outside knows of portions: a time limit in a text is that of the operation. */
  private ofWhole(error: MialinkError): MialinkError {
    if (!('timeoutMs' in error.values)) return error;
    const values = { ...error.values, timeoutMs: this.options.timeoutMs };
    return new MialinkError(error.reason, values, { cause: error.cause, peer: error.peer });
  }

  private settle(names: readonly string[], outcomes: Outcomes): void {
    for (const name of names) {
      const outcome = outcomes.get(name);
      if (!outcome) this.errors.set(name, unansweredItem(name));
      else if ('code' in outcome) this.errors.set(name, refusedItem(name, outcome.code));
      else this.values.set(name, outcome.value);
    }
  }

  private giveUp(names: readonly string[], error: MialinkError): void {
    for (const name of names) this.errors.set(name, fromError(error));
    this.refusals.push(error);
    if (this.refusals.length >= HOPELESS && this.requestsAnswered === 0) throw this.asWhole();
  }

  /** Nothing was answered, however few were asked for: their number was not the reason. */
  private asWhole(): MialinkError | undefined {
    if (this.refusals.length > 1) for (const { limits } of this.spoilers) limits.forgetSize();
    return this.refusals[0];
  }

  private allowanceFor<One extends Item>(
    items: readonly One[],
    { limits, method }: ListRequest<One>,
  ): Allowance {
    const left = this.timeLeft(method);
    const { retries } = this.options;
    const isLast = items.length === 1 && this.outstanding === 1;
    const isSpoiler = items.some((item) => limits.isSpoiler(item));
    if (!isSpoiler && (isLast || limits.isProven(items))) return { timeoutMs: left, retries };
    const enough = isSpoiler ? SPOILER_TIMEOUT_MS : Math.max(Math.ceil(left / 2), limits.patienceMs);
    // The halves are the retries. One against a lost datagram remains, unless its refusal would come too late anyway:
    // then the device would only have to work on it twice.
    const most = left < limits.patienceMs ? 0 : 1;
    return {
      timeoutMs: Math.ceil(Math.min(left, enough)),
      retries: Math.min(retries ?? most, most),
      repeatsUnheard: false,
    };
  }

  private get isOver(): boolean {
    return performance.now() >= this.endsAt;
  }

  /** Throws `noAnswer` when the time is over: nothing is sent any more. */
  private timeLeft(method: string): number {
    const left = Math.ceil(this.endsAt - performance.now());
    if (left > 0) return left;
    const { timeoutMs } = this.options;
    throw new MialinkError('noAnswer', { device: this.device.label, method, timeoutMs });
  }
}
