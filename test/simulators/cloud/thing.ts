/**
 * The thing model of one device as the cloud stores it: the last properties, the events, the desired properties.
 * Values no TSL type could hold are refused; what else fits is said by the screen, a thing model.
 * Source: reference/aliyun.md 3.2 (requests), 3.3 (limits), 3.4 (types), 3.5 (codes).
 */
import { isObject, type JsonObject, Refusal } from './alink';
import { array, limit, object } from './params';
import { append } from './recent';
import type { DeviceIdentity } from './sign';

export interface StoredProperty {
  value: unknown;
  /** Milliseconds since 1970: the device's time, or that of arrival. */
  time: number;
}

export interface StoredEvent {
  identifier: string;
  params: unknown;
  time: number;
}

export interface DesiredProperty {
  value: unknown;
  /** Counts up with every new wish for this property. */
  version: number;
}

/** What is kept of a request: false leaves a part out, a Refusal refuses the whole. */
export interface Screen {
  keepsProperty(identifier: string, value: unknown): boolean;
  keepsEvent(identifier: string, params: unknown): boolean;
}

const KEEP_ALL: Screen = { keepsProperty: () => true, keepsEvent: () => true };
const MAX_PROPERTIES = 200;
const MAX_PACKED_EVENTS = 20;
/** An optional module, a colon, letters, digits, underscores; dots occur in names of the vendor's own. */
const IDENTIFIER = /^(\w{1,50}:)?[\w.]{1,50}$/;

export class Thing {
  private readonly reported = new Map<string, StoredProperty>();
  private readonly wishes = new Map<string, DesiredProperty>();
  /** Oldest first. */
  readonly events: StoredEvent[] = [];

  constructor(
    private readonly identity: DeviceIdentity,
    private readonly screen: Screen = KEEP_ALL,
  ) {}

  get properties(): Record<string, StoredProperty> {
    return Object.fromEntries(this.reported);
  }

  get desired(): Record<string, DesiredProperty> {
    return Object.fromEntries(this.wishes);
  }

  /** A wish of the cloud's side, read by the device with `desired.get`; it is not pushed. */
  setDesired(values: object): void {
    for (const [identifier, value] of Object.entries(values)) {
      this.wishes.set(identifier, { value, version: (this.wishes.get(identifier)?.version ?? 0) + 1 });
    }
  }

  clearDesired(): void {
    this.wishes.clear();
  }

  /**
   * Does what a request asks and gives the `data` of the reply; throws a Refusal, then nothing is stored.
   * `path` is the topic below `/sys/${pk}/${dn}/`.
   */
  answer(path: string, params: unknown): unknown {
    switch (path) {
      case 'thing/event/property/post':
        return this.store(readProperties(object(params)), []);
      case 'thing/event/property/history/post':
        return this.history(params);
      case 'thing/event/property/batch/post':
        return this.batch(object(params));
      case 'thing/event/property/pack/post':
        return this.pack(object(params));
      case 'thing/property/desired/get':
        return this.getDesired(params);
      case 'thing/property/desired/delete':
        return this.deleteDesired(object(params));
    }
    const [, identifier] = /^thing\/event\/([^/]+)\/post$/.exec(path) ?? [];
    if (identifier === undefined) throw new Refusal(6203, 'topic illegal');
    return this.store([], [readEvent(identifier, params)]);
  }

  private store(samples: Sample[], events: StoredEvent[]): object {
    // Both are screened before anything is stored: a refusal stores nothing.
    const kept = samples.filter(({ identifier, value }) => this.screen.keepsProperty(identifier, value));
    const happened = events.filter(({ identifier, params }) => this.screen.keepsEvent(identifier, params));
    for (const { identifier, value, time } of kept) {
      const stored = this.reported.get(identifier);
      if (!stored || stored.time <= time) this.reported.set(identifier, { value, time });
    }
    for (const event of happened) append(this.events, event);
    return {};
  }

  private history(params: unknown): object {
    const samples: Sample[] = [];
    const events: StoredEvent[] = [];
    for (const entry of array(params)) {
      const { identity, properties = [], events: list = [] } = object(entry);
      this.checkIdentity(identity);
      for (const set of array(properties)) samples.push(...readProperties(object(set)));
      for (const set of array(list)) events.push(...readEvents(object(set)));
    }
    limit(samples.length, MAX_PROPERTIES, 6106, 'properties');
    return this.store(samples, events);
  }

  private batch({ properties = {}, events = {} }: JsonObject): object {
    const samples = Object.entries(object(properties)).flatMap(([identifier, list]) =>
      array(list).map((entry) => readProperty(identifier, entry)),
    );
    const happened = Object.entries(object(events)).flatMap(([identifier, list]) =>
      array(list).map((entry) => readEvent(identifier, entry)),
    );
    limit(samples.length, MAX_PROPERTIES, 6106, 'properties');
    return this.store(samples, happened);
  }

  private pack({ properties = {}, events = {}, subDevices = [] }: JsonObject): object {
    const samples = readProperties(object(properties));
    const happened = readEvents(object(events));
    limit(happened.length, MAX_PACKED_EVENTS, 6356, 'events');
    if (array(subDevices).length > 0) throw new Refusal(6100, 'no sub-device is in the topology');
    return this.store(samples, happened);
  }

  private getDesired(params: unknown): object {
    const identifiers = array(params).map(identifierOf);
    limit(identifiers.length, MAX_PROPERTIES, 6104, 'desired properties');
    return Object.fromEntries([...this.wishes].filter(([identifier]) => identifiers.includes(identifier)));
  }

  private deleteDesired(params: JsonObject): object {
    const conditions = Object.entries(params).map(([identifier, condition]) => ({
      identifier: identifierOf(identifier),
      version: object(condition).version,
    }));
    limit(conditions.length, MAX_PROPERTIES, 6104, 'desired properties');
    for (const { identifier, version } of conditions) {
      // A wish that is newer than the version the device saw stays.
      if (version === undefined || version === this.wishes.get(identifier)?.version) {
        this.wishes.delete(identifier);
      }
    }
    return {};
  }

  private checkIdentity(identity: unknown): void {
    const { productKey, deviceName } = object(identity);
    if (productKey !== this.identity.productKey || deviceName !== this.identity.deviceName) {
      throw new Refusal(6100, 'device not found');
    }
  }
}

interface Sample extends StoredProperty {
  identifier: string;
}

function readProperties(params: JsonObject): Sample[] {
  const entries = Object.entries(params);
  limit(entries.length, MAX_PROPERTIES, 6106, 'properties');
  return entries.map(([identifier, entry]) => readProperty(identifier, entry));
}

/** `entry` is the value itself or `{value, time}`: `value` is a reserved word, so no struct has such a member. */
function readProperty(identifier: string, entry: unknown): Sample {
  const timed = isObject(entry) && 'value' in entry ? entry : { value: entry, time: undefined };
  return {
    identifier: identifierOf(identifier),
    value: checkValue(identifier, timed.value),
    time: timeOf(timed.time),
  };
}

function readEvents(params: JsonObject): StoredEvent[] {
  return Object.entries(params).map(([identifier, entry]) => readEvent(identifier, entry));
}

/** `entry` is `{value: outputs, time}` or, as the C SDK sends it, the outputs themselves. */
function readEvent(identifier: string, entry: unknown): StoredEvent {
  const outputs = object(entry);
  const wrapped = isObject(outputs.value);
  return {
    identifier: identifierOf(identifier),
    params: checkValue(identifier, wrapped ? outputs.value : outputs),
    time: timeOf(wrapped ? outputs.time : undefined),
  };
}

function identifierOf(value: unknown): string {
  if (typeof value !== 'string' || !IDENTIFIER.test(value))
    throw new Refusal(460, 'params: a bad identifier');
  return value;
}

/** No type of the TSL holds null, true or false: bool is 0 or 1. */
function checkValue(identifier: string, value: unknown): unknown {
  if (value === null || value === undefined || typeof value === 'boolean') {
    throw new Refusal(460, `params: ${identifier} must not be ${value}; bool is 0 or 1`);
  }
  if (typeof value === 'object') for (const member of Object.values(value)) checkValue(identifier, member);
  return value;
}

function timeOf(value: unknown): number {
  if (value === undefined) return Date.now();
  if (typeof value !== 'number') throw new Refusal(460, 'params: time must be a number of milliseconds');
  return value;
}
