/**
 * Watches properties of one device, and tells what has changed.
 *
 *   new ─ answered ▶ present ─ a poll failed ▶ away ─ answered ▶ present      closed: by close(),
 *    └──────────── a poll failed ───────────────▲                              or with the session
 *
 * It polls at once and then at an interval, one poll at a time. What the device reports of its own accord is told as
 * it comes; while it reports everything, a slow poll is for what may get lost. While the device is away the polls back
 * off, since polls alone can keep a weak device from coming back; a hello that it answers brings the next one forward.
 *
 * A property that the device falls silent to takes its queue for seconds, and the commands of others wait. Such a one
 * is left out of polls for as long as ten of them take, then longer, up to five minutes; its last error holds meanwhile.
 */
import { EventEmitter } from 'node:events';
import { Backoff } from '../../backoff';
import { MialinkError } from '../../errors';
import { runListener } from '../../listener';
import { type Logger, silentLogger } from '../../logger';
import { Rounds } from '../../rounds';
import { type Deferred, deferred } from '../../wait';
import type { PropertyReport, SubscriptionState } from '../push';
import type { SessionState } from '../session';
import { wholeNumber } from '../settings';
import type { PropertyAccess } from './access';
import { LastAnswer } from './last-answer';
import { itemToGet, outcomesOfGet } from './miot';
import { isMiot, type Property, type PropertyAnswer } from './property';

/** What the device reports of its own accord: a `Subscription`, shared by all who listen. */
export interface Reports {
  readonly state: SubscriptionState;
  on(event: 'state', listener: (state: SubscriptionState) => void): unknown;
  on(event: 'properties', listener: (reports: PropertyReport[]) => void): unknown;
  off(event: 'state', listener: (state: SubscriptionState) => void): unknown;
  off(event: 'properties', listener: (reports: PropertyReport[]) => void): unknown;
}

/** What a watch needs of a `MiioDevice`. */
export interface Watchable {
  readonly label: string;
  readonly properties: Pick<PropertyAccess, 'getShared' | 'spoils'>;
  /** From now on the device is greeted, so that `state` tells when it is back. Throws `closed`. */
  watch(): void;
  subscribe(): Reports;
  on(event: 'state', listener: (state: SessionState) => void): unknown;
  off(event: 'state', listener: (state: SessionState) => void): unknown;
}

export interface WatchOptions {
  /** From one poll to the next, in milliseconds; default 30000. Each is longer or shorter by up to a tenth. */
  intervalMs?: number;
  /** Default: keeps silent. */
  logger?: Logger;
}

/** The poll under way, or the next one. */
interface Poll {
  state: 'due' | 'underWay';
  /** Somebody waits for its answer. */
  asked: boolean;
  answer: Deferred<PropertyAnswer>;
  /** What the device has reported since the poll was sent: newer than the poll's answer. */
  reported: Set<string>;
}

const JITTER = 0.1;
const LONGEST_BACKOFF_MS = 5 * 60_000;
/** So many polls leave out what spoils, at least. */
const SPOILER_FACTOR = 10;
/** How much slower the polls are of a device that reports by itself. */
const REPORTING_FACTOR = 10;
const LONGEST_REPORTING_MS = 10 * 60_000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 *   report  what has changed: all names at first; never empty
 *   away    the device does not answer, or refuses everything: why; once, until it is back
 *   back    the device answers again; a report follows if something has changed meanwhile
 */
export class PropertyWatch extends EventEmitter<{ report: [PropertyAnswer]; away: [Error]; back: [] }> {
  private state: 'new' | 'present' | 'away' | 'closed' = 'new';
  private current: Poll = nextPoll();
  private lastPollEndedAt = 0;
  private readonly last = new LastAnswer();
  private readonly intervalMs: number;
  private readonly backoff: Backoff;
  private readonly spoilerBackoff: Backoff;
  /** Left out of the polls until `spoilersDueAt`. */
  private spoilers: readonly Property[] = [];
  private spoilersDueAt = 0;
  private readonly reports: Reports | undefined;
  private readonly stopListening: (() => void) | undefined;
  private readonly rounds = new Rounds(() => this.round());

  /** Polls at once; listen before the next turn of the event loop. Throws `settingInvalid` or `closed`. */
  constructor(
    private readonly device: Watchable,
    private readonly properties: readonly Property[],
    private readonly options: WatchOptions = {},
  ) {
    super();
    this.intervalMs = wholeNumber(device.label, 'intervalMs', 1, options.intervalMs ?? 30_000);
    this.backoff = backoffFrom(this.intervalMs);
    this.spoilerBackoff = backoffFrom(SPOILER_FACTOR * this.intervalMs);
    device.watch();
    this.reports = properties.some(isMiot) ? device.subscribe() : undefined;
    this.stopListening = this.reports && this.listenTo(this.reports);
    device.on('state', this.look);
    this.rounds.start();
  }

  /**
   * Asks for everything now, what spoils included, or joins the poll that is under way; all values and errors. Then
   * there is no `report` of what this poll has changed. Rejects as `PropertyAccess.get` does, or with `closed`.
   */
  poll(): Promise<PropertyAnswer> {
    if (this.state === 'closed') return Promise.reject(this.closedError());
    this.current.asked = true;
    if (this.current.state === 'due') this.rounds.awaken();
    return this.current.answer.promise;
  }

  /** Nothing is sent or told any more; who waits for a poll gets `closed`. */
  async close(): Promise<void> {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.device.off('state', this.look);
    this.current.answer.reject(this.closedError());
    this.stopListening?.();
    await this.rounds.end();
  }

  /** One poll; returns the time to the next, in milliseconds. */
  private async round(): Promise<number> {
    const poll = this.current;
    poll.state = 'underWay';
    const wanted = this.wantedBy(poll);
    const found = this.device.properties.getShared(wanted, this.rounds.signal).finally(() => {
      this.current = nextPoll();
      this.lastPollEndedAt = performance.now();
    });
    await found
      .then((answer) => {
        if (wanted === this.properties) this.putOffSpoilers(answer);
        this.answered(poll, answer);
      })
      .catch((error: unknown) =>
        this.failed(poll, error instanceof Error ? error : new Error(String(error))),
      );
    return this.pause();
  }

  /** Never nothing: an answer to nothing would not tell that the device is there. */
  private wantedBy({ asked }: Poll): readonly Property[] {
    const { properties, spoilers } = this;
    const sound = properties.filter((property) => !spoilers.includes(property));
    return asked || sound.length === 0 || performance.now() >= this.spoilersDueAt ? properties : sound;
  }

  /** After an answer to everything. */
  private putOffSpoilers({ errors }: PropertyAnswer): void {
    this.spoilers = this.properties.filter(
      (property) => Object.hasOwn(errors, property.name) && this.device.properties.spoils(property),
    );
    if (this.spoilers.length === 0) this.spoilerBackoff.reset();
    else this.spoilersDueAt = performance.now() + this.spoilerBackoff.next();
  }

  private answered(poll: Poll, { values, errors }: PropertyAnswer): void {
    if (this.state === 'closed') return;
    const wasAway = this.state === 'away';
    this.state = 'present';
    this.backoff.reset();
    if (wasAway) this.tell(() => this.emit('back'));
    const changes = this.last.update({
      values: without(values, poll.reported),
      errors: without(errors, poll.reported),
    });
    if (poll.asked) poll.answer.resolve(this.last.all);
    else this.report(changes);
  }

  private failed(poll: Poll, error: Error): void {
    poll.answer.reject(error);
    if (this.state === 'closed' || this.state === 'away') return;
    this.state = 'away';
    this.tell(() => this.emit('away', error));
  }

  private pause(): number {
    if (this.state === 'away') return this.backoff.next();
    const { intervalMs } = this;
    const slowMs = Math.max(intervalMs, Math.min(REPORTING_FACTOR * intervalMs, LONGEST_REPORTING_MS));
    const reporting = this.reports?.state === 'subscribed' && this.properties.every(isReported);
    const ms = reporting ? slowMs : intervalMs;
    const jitter = 1 + JITTER * (2 * Math.random() - 1);
    return Math.min(Math.round(ms * jitter), LONGEST_TIMER_MS);
  }

  /** Returns what ends it. */
  private listenTo(reports: Reports): () => void {
    let known = reports.state;
    const onState = (state: SubscriptionState) => {
      // What changes between the last poll and the first report, or after the last report, is seen by no other way.
      if (known === 'subscribed' || state === 'subscribed') this.rounds.awaken();
      known = state;
    };
    const onProperties = (properties: PropertyReport[]) => this.reported(properties);
    reports.on('state', onState);
    reports.on('properties', onProperties);
    return () => {
      reports.off('state', onState);
      reports.off('properties', onProperties);
    };
  }

  private reported(reports: PropertyReport[]): void {
    // They look like the answers to get_properties, without the codes.
    const outcomes = outcomesOfGet(reports, this.properties.filter(isMiot).map(itemToGet)) ?? new Map();
    const values = Object.fromEntries(
      [...outcomes].flatMap(([name, outcome]) => ('value' in outcome ? [[name, outcome.value]] : [])),
    );
    if (this.current.state === 'underWay') {
      for (const name of Object.keys(values)) this.current.reported.add(name);
    }
    this.report(this.last.update({ values, errors: {} }));
  }

  private report(changes: PropertyAnswer): void {
    const count = Object.keys(changes.values).length + Object.keys(changes.errors).length;
    if (count > 0) this.tell(() => this.emit('report', changes));
  }

  /** A device that greets, but answers no command, is still not polled more often than at the interval. */
  private readonly look = (state: SessionState): void => {
    if (state === 'closed') void this.close();
    if (state !== 'connected' || this.state !== 'away' || this.current.state === 'underWay') return;
    this.rounds.awakenIn(Math.max(0, this.lastPollEndedAt + this.intervalMs - performance.now()));
  };

  private tell(emit: () => void): void {
    runListener(this.options.logger ?? silentLogger, this.device.label, emit);
  }

  private closedError(): MialinkError {
    return new MialinkError('closed', { device: this.device.label });
  }
}

/** Without a spec nobody can know of those that a device never reports. */
function isReported(property: Property): boolean {
  return isMiot(property) && (property.access?.includes('notify') ?? true);
}

function backoffFrom(ms: number): Backoff {
  return new Backoff(ms, Math.max(ms, LONGEST_BACKOFF_MS));
}

function nextPoll(): Poll {
  return { state: 'due', asked: false, answer: deferred(), reported: new Set() };
}

function without<Value>(byName: Record<string, Value>, names: ReadonlySet<string>): Record<string, Value> {
  return Object.fromEntries(Object.entries(byName).filter(([name]) => !names.has(name)));
}
