/**
 * One get or set of many properties: as few requests as the device bears, under one deadline.
 *
 *   items ─▶ portions ─▶ answered
 *               ▲  └─ refused, or silent ─▶ its two halves ─▶ one item ─▶ the error of its name
 *               └────────────────────────────────┘
 *
 * What an answer leaves out is asked for once more, by itself. n items make at most 2n - 1 requests. The operation
 * fails as a whole with the device's error when it got nothing at all, when the device falls silent to what it has
 * answered before, and when the network, the token or the caller ends it. When its time is over with some answered,
 * the others have a TIMEOUT of their own; when the device does not know the method, that as theirs.
 */
import { MialinkError } from '../../errors';
import type { Caller, CallOptions } from '../caller';
import { type Allowance, allowanceFor } from './allowance';
import { Deadline } from './deadline';
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
  /** True for what an answer has left out: it is not asked for again. */
  isAgain?: boolean;
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
  retries: number;
  /** False: what a device may have carried out is not sent again in halves. */
  divides: boolean;
}

/** So many items refused one by one, and none answered: the others will fare no better. */
const HOPELESS = 5;

export class Operation {
  private readonly deadline: Deadline;
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
    this.deadline = new Deadline(device.label, options.timeoutMs);
  }

  /** Asks for all items in portions; rejects with a MialinkError when the operation has failed as a whole. */
  async list<One extends Item>(items: readonly One[], request: ListRequest<One>): Promise<void> {
    this.outstanding = items.length;
    try {
      await this.inPortions(request.limits.inOrder(items), request);
    } catch (caught) {
      const error = ours(caught);
      if (failureOf(error) !== 'methodUnknown') throw error;
      this.lastRefusal = error;
      const names = items.map(({ name }) => name);
      // Properties that are read otherwise may have been answered, or will be.
      this.giveUp(
        names.filter((name) => !this.values.has(name) && !this.errors.has(name)),
        error,
      );
    }
  }

  /** Sends one request of its own. */
  async single({ method, params, names, read }: SingleRequest): Promise<void> {
    const allowance = { timeoutMs: this.deadline.timeLeft(method), retries: this.options.retries };
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
    if (this.deadline.isOver) return this.late(items, method);
    const allowance = this.allowanceFor(items, limits, method);
    const proven = limits.isProven(items);
    const params = items.map(({ param }) => param);
    const sentAt = performance.now();
    const answer = await this.send(method, params, allowance, (result) => read(result, items)).catch(ours);
    if (answer instanceof Map) return this.answered(items, request, answer);
    const failure = failureOf(answer);
    if (failure === 'final' || failure === 'methodUnknown') throw answer;
    if (failure === 'silent' && proven) throw answer;
    const tookMs = performance.now() - sentAt;
    if (failure === 'refused') {
      this.lastRefusal = answer;
      limits.refusedAfter(tookMs);
    } else {
      this.lastSilence = answer;
      // It was given less than a refusal takes, which is not to be held against the items.
      if (this.deadline.isOver && tookMs < limits.patienceMs) return this.late(items, method);
    }
    return items.length > 1
      ? this.halves(items, request, failure, answer)
      : this.alone(items, request, failure, answer);
  }

  /** Settles what the answer tells, and asks again for what it does not, if that was not in vain before. */
  private async answered<One extends Item>(
    items: readonly One[],
    request: ListRequest<One>,
    outcomes: Outcomes,
  ): Promise<boolean> {
    const { limits, isAgain = false } = request;
    const missing = items.filter(({ name }) => !outcomes.has(name));
    const came = items.length - missing.length;
    const asksAgain = this.options.divides && !isAgain && came > 0;
    const again = asksAgain ? missing.filter((item) => !limits.isLeftOut(item)) : [];
    const settled = items.filter((item) => !again.includes(item));
    limits.answers(settled, missing);
    if (isAgain) limits.leavesOut(missing);
    this.outstanding -= settled.length;
    this.settle(
      settled.map(({ name }) => name),
      outcomes,
    );
    if (again.length === 0) return !isAgain || missing.length === 0;
    const complete = await this.leftOut(again, came, request);
    if (complete) limits.exceededBy(items.length);
    return complete;
  }

  /** Asks by themselves for items that an answer has left out; `most`: as many at once as it had. */
  private async leftOut<One extends Item>(
    items: readonly One[],
    most: number,
    request: ListRequest<One>,
  ): Promise<boolean> {
    let complete = true;
    for (let rest = items; rest.length > 0; rest = rest.slice(most)) {
      const came = await this.inPortions(rest.slice(0, most), { ...request, isAgain: true });
      complete = came && complete;
    }
    return complete;
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
    { limits, isAgain }: ListRequest<One>,
    failure: Failure,
    error: MialinkError,
  ): false {
    if (failure === 'silent' && this.requestsAnswered === 0) throw error;
    this.outstanding -= items.length;
    if (isAgain) {
      // Beside others it does no harm, and their number was not the reason.
      limits.leavesOut(items);
      limits.forgetSize();
    } else {
      this.spoilers.push(...items.map((item) => ({ item, limits })));
    }
    this.giveUp(
      items.map(({ name }) => name),
      error,
    );
    return false;
  }

  /** The time was over before they could be asked for, or answered. */
  private late<One extends Item>(items: readonly One[], method: string): false {
    const error = this.deadline.passed(method);
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
      throw this.deadline.ofWhole(ours(caught));
    }
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

  private allowanceFor(items: readonly Item[], limits: Limits, method: string): Allowance {
    const leftMs = this.deadline.timeLeft(method);
    const isLast = items.length === 1 && this.outstanding === 1;
    return allowanceFor(items, limits, { leftMs, retries: this.options.retries, isLast });
  }
}
