/**
 * The thing model of a device: which properties, events and services it has, and what they may hold. What a flow wants
 * to send is converted, see `convert`, and checked before it goes to the cloud, which would drop a wrong value in
 * silence.
 *
 *   const model = ThingModel.parse(tsl, 'lamp (a1B2c3)');
 *   model.checkProperties({ LightSwitch: true });   // {LightSwitch: 1}
 *   model.checkProperties({ Brightness: 500 });     // throws: Brightness must be a whole number from 0 to 100, not 500
 *
 * Features of a module are called `module:identifier`. Those of a module that the model only names, and does not
 * describe, are passed on as they are. Source: Alibaba Cloud IoT Platform, "Device properties, events, and services".
 */
import { MialinkError } from '../../errors';
import { isRecord, type Json } from '../../untrusted';
import { Checker } from './checker';
import { asMilliseconds } from './convert';
import { ANY, type DataType, type Member, type Struct } from './data-type';
import { unknownIdentifier, violation } from './refusal';
import { type Feature, moduleOf, readTsl, type Tsl } from './tsl';

/** Identifiers as on the wire, names as users gave them. */
export interface Identifiers {
  /** `type` is that of the data, such as `int`. */
  properties: { identifier: string; name: string; accessMode: 'r' | 'w' | 'rw'; type: string }[];
  events: { identifier: string; name: string }[];
  services: { identifier: string; name: string; sync: boolean }[];
}

/** Features of the vendor's own Living platform, which no thing model names. */
const VENDORS_OWN = '_LivingLink.';

/** What the cloud takes in one post or asks for in one call (its codes 6106 and 6104). */
const MOST_PROPERTIES = 200;
/** All at once they are checked in half the time, but to compile that takes half a millisecond for each. */
const MOST_AT_ONCE = 50;
const KINDS = { properties: 'property', events: 'event', services: 'service' } as const;

export class ThingModel {
  private readonly checker: Checker;
  /** All of them, if they are not too many to be checked at once. */
  private readonly properties: Struct | undefined;

  private constructor(
    private readonly tsl: Tsl,
    private readonly device: string,
  ) {
    this.checker = new Checker(device);
    const members = [...tsl.properties].map(
      ([identifier, { dataType }]) => [identifier, optional(dataType)] as const,
    );
    if (members.length <= MOST_AT_ONCE) this.properties = { type: 'struct', members: new Map(members) };
  }

  /**
   * TSL as text or as an object; a list of several, where the modules have a file each. Throws `modelInvalid` (CONFIG),
   * which says where in it and what. `device` is what texts call the device.
   */
  static parse(tsl: unknown, device: string): ThingModel {
    return new ThingModel(readTsl(tsl, device), device);
  }

  /** All that there are, for dialogs. */
  get identifiers(): Identifiers {
    const { properties, events, services } = this.tsl;
    return {
      properties: [...properties].map(([identifier, { name, accessMode, dataType }]) => ({
        identifier,
        name,
        accessMode,
        type: dataType.type,
      })),
      events: [...events].map(([identifier, { name }]) => ({ identifier, name })),
      services: [...services].map(([identifier, { name, sync }]) => ({ identifier, name, sync })),
    };
  }

  /**
   * `{identifier: value}` or `{identifier: {value, time}}`, converted: a copy, or the same object where nothing had to
   * be; `time` in ms since 1970 or a Date. All checks throw `modelViolation` with the rule that is broken,
   * `identifierUnknown`, or `payloadInvalid` for what has another form or is too much for one message (each CONFIG).
   */
  checkProperties(params: unknown): Json {
    if (isRecord(params) && this.fits(params)) return params;
    return this.checkEach(params, 'property post', (identifier, dataType, value) => {
      if (!isTimed(value) || hasMember(dataType, 'value')) {
        return this.checker.check(identifier, dataType, value);
      }
      if ('time' in value) return this.checkTimed(identifier, dataType, value);
      return { value: this.checker.check(identifier, dataType, value.value) };
    });
  }

  /** Sets of values measured earlier, each `{identifier: {value, time}}`. */
  checkHistory(sets: unknown): Json[] {
    const operation = 'property history';
    if (!Array.isArray(sets)) throw this.malformed(operation, 'an array of objects', typeName(sets));
    return sets.map((set: unknown, index) =>
      this.checkEach(set, operation, (identifier, dataType, value) =>
        this.checkTimed(`[${index}].${identifier}`, dataType, value),
      ),
    );
  }

  /** `{identifier: [{value, time}, …]}`. */
  checkBatch(properties: unknown): Json {
    return this.checkEach(properties, 'property batch', (identifier, dataType, values) => {
      if (!Array.isArray(values)) throw violation(this.device, identifier, 'a list of {value, time}', values);
      return values.map((value: unknown, index) =>
        this.checkTimed(`${identifier}[${index}]`, dataType, value),
      );
    });
  }

  /** Identifiers of properties; for none, those of all properties. */
  checkIdentifiers(identifiers: unknown): string[] {
    const operation = 'desired get';
    if (!Array.isArray(identifiers) || !identifiers.every((one) => typeof one === 'string')) {
      throw this.malformed(operation, 'an array of identifiers', typeName(identifiers));
    }
    for (const identifier of identifiers) this.typeOf('properties', identifier);
    const all = identifiers.length > 0 ? [...identifiers] : [...this.tsl.properties.keys()];
    this.refuseTooMany(all.length, operation);
    return all;
  }

  /** The outputs of an event. */
  checkEvent(event: string, outputs: unknown): Json {
    return this.checkOutputs('events', event, outputs);
  }

  /** The outputs of a service. */
  checkServiceOutputs(service: string, outputs: unknown): Json {
    return this.checkOutputs('services', service, outputs);
  }

  private checkOutputs(kind: 'events' | 'services', identifier: string, outputs: unknown): Json {
    const checked = this.checker.check(identifier, this.typeOf(kind, identifier), outputs);
    if (!isRecord(checked)) throw violation(this.device, identifier, 'an object', outputs);
    return checked;
  }

  /** Whether these are properties with their values, and nothing has to be converted. */
  private fits(params: Json): boolean {
    // For ajv what is undefined is not there.
    if (!this.properties || Object.values(params).includes(undefined)) return false;
    return this.checker.fits(this.properties, params);
  }

  private checkEach(
    given: unknown,
    operation: string,
    check: (identifier: string, dataType: DataType, value: unknown) => unknown,
  ): Json {
    if (!isRecord(given)) throw this.malformed(operation, 'an object of properties', typeName(given));
    const identifiers = Object.keys(given);
    this.refuseTooMany(identifiers.length, operation);
    let checked: Json | undefined;
    for (const identifier of identifiers) {
      const value = given[identifier];
      const converted = check(identifier, this.typeOf('properties', identifier), value);
      if (converted === value) continue;
      checked ??= { ...given };
      checked[identifier] = converted;
    }
    return checked ?? given;
  }

  private checkTimed(path: string, dataType: DataType, given: unknown): Json {
    if (!isTimed(given)) throw violation(this.device, path, '{value, time}', given);
    const time = asMilliseconds(given.time);
    if (time === undefined) {
      throw violation(this.device, `${path}.time`, 'the milliseconds since 1970 or a Date', given.time);
    }
    return { value: this.checker.check(path, dataType, given.value), time };
  }

  private typeOf(kind: keyof typeof KINDS, identifier: string): DataType {
    const features: Map<string, Feature> = this.tsl[kind];
    const feature = features.get(identifier);
    if (feature) return feature.dataType;
    if (this.tsl.untold.has(moduleOf(identifier)) || identifier.startsWith(VENDORS_OWN)) return ANY;
    throw unknownIdentifier(this.device, KINDS[kind], identifier, [...features.keys()]);
  }

  private refuseTooMany(count: number, operation: string): void {
    if (count > MOST_PROPERTIES)
      throw this.malformed(operation, `at most ${MOST_PROPERTIES} properties`, count);
  }

  private malformed(operation: string, rule: string, type: string | number): MialinkError {
    return new MialinkError('payloadInvalid', { device: this.device, operation, rule, type });
  }
}

/** `{value}` or `{value, time}`; no property may have a member called value, though a model might. */
function isTimed(value: unknown): value is Json {
  return (
    isRecord(value) &&
    Object.hasOwn(value, 'value') &&
    Object.keys(value).every((key) => key === 'value' || key === 'time')
  );
}

function optional(dataType: DataType): Member {
  return { dataType, required: false };
}

function hasMember(dataType: DataType, name: string): boolean {
  return dataType.type === 'struct' && dataType.members.has(name);
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}
