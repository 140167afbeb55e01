/**
 * Reads a TSL, the Thing Specification Language: what a product's thing model is exported as, and what
 * `thing.dsltemplate.get` answers (pure).
 *
 *   {"schema": "https://…", "profile": {"productKey": "…"},
 *    "properties": [{"identifier", "name", "accessMode": "r" | "rw", "required", "dataType": {…}}],
 *    "events":     [{"identifier", "name", "type", "method", "outputData": [{"identifier", "name", "dataType"}]}],
 *    "services":   [{"identifier", "name", "callType": "sync" | "async", "method", "inputData": […], "outputData": […]}],
 *    "functionBlocks": [{"functionBlockId", "functionBlockName", "productKey"}]}
 *
 * A module other than the default one is an object of the same form with its own `functionBlockId`, in the export one
 * file each; the main file only names it. Here they come as a list of such objects, or with their lists within
 * `functionBlocks`. On the wire a module's features are called `module:identifier`. The event `post` and the services
 * `set` and `get` are the platform's own: nobody posts, calls or answers them by name.
 *
 * Source: Alibaba Cloud IoT Platform, "TSL parameters", "Data structure of ThingModelJson" (the modules).
 */
import { isRecord, type Json } from '../../untrusted';
import { type DataType, readDataType, readStruct } from './data-type';
import { type Entry, isIdentifier, Place, readEntries } from './entries';

export interface Feature {
  /** What users call it; the identifier where the model has no name. */
  name: string;
  /** Of an event or a service: its outputs. */
  dataType: DataType;
}

export interface Property extends Feature {
  accessMode: 'r' | 'w' | 'rw';
}

export interface Service extends Feature {
  sync: boolean;
}

/** By identifiers as on the wire. */
export interface Tsl {
  properties: Map<string, Property>;
  events: Map<string, Feature>;
  services: Map<string, Service>;
  /** Modules that are named, but whose features are not told. */
  untold: Set<string>;
}

type Kind = 'properties' | 'events' | 'services';

interface Module {
  /** '': the default one. */
  name: string;
  json: Json;
  place: Place;
}

/** Of a text; the platform allows a module 256 KB. */
const MAX_TEXT_LENGTH = 4 * 1024 * 1024;
const LONGEST_NAME = 100;
const OF_THE_PLATFORM: Record<Kind, string[]> = {
  properties: [],
  events: ['post'],
  services: ['set', 'get'],
};

/** Out of text or of what JSON.parse gave; throws `modelInvalid`, where `device` is what texts call the device. */
export function readTsl(source: unknown, device: string): Tsl {
  const root = new Place(device);
  const modules = modulesOf(typeof source === 'string' ? parseText(source, root) : source, root);
  const told = modules.filter(isTold);
  const names = new Set(told.map(({ name }) => name));
  const untold = modules.map(({ name }) => name).filter((name) => name !== '' && !names.has(name));
  return {
    properties: featuresOf(told, 'properties', readProperty),
    events: featuresOf(told, 'events', readEvent),
    services: featuresOf(told, 'services', readService),
    untold: new Set(untold),
  };
}

/** `lamp` of `lamp:Brightness`; '' of an identifier of the default module. */
export function moduleOf(identifier: string): string {
  return identifier.slice(0, Math.max(0, identifier.indexOf(':')));
}

function parseText(text: string, root: Place): unknown {
  if (text.length > MAX_TEXT_LENGTH) throw root.invalid(`is longer than ${MAX_TEXT_LENGTH} characters`);
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    throw root.invalid('is not JSON');
  }
}

/** All that are described or only named; the default one is among them. */
function modulesOf(json: unknown, root: Place): Module[] {
  if (!Array.isArray(json)) return fileOf(json, root);
  if (json.length === 0) throw root.invalid('is empty');
  return json.flatMap((file: unknown, index) => fileOf(file, root.at(index)));
}

/** A file of the export: a module, and those that it names. */
function fileOf(json: unknown, place: Place): Module[] {
  const module = readModule(json, place);
  const { functionBlocks } = module.json;
  const named = Array.isArray(functionBlocks)
    ? functionBlocks.map((block: unknown, index) => readModule(block, place.at('functionBlocks').at(index)))
    : [];
  if (!isTold(module) && named.length === 0) throw place.invalid('has no properties, events or services');
  return [module, ...named];
}

function readModule(json: unknown, place: Place): Module {
  if (!isRecord(json)) throw place.invalid('is not an object');
  const name = json.functionBlockId ?? '';
  if (name !== '' && !isIdentifier(name)) throw place.at('functionBlockId').invalid('is not an identifier');
  return { name, json, place };
}

function isTold({ json: { properties, events, services } }: Module): boolean {
  return [properties, events, services].some((list) => list !== undefined && list !== null);
}

function featuresOf<One extends Feature>(
  modules: readonly Module[],
  kind: Kind,
  read: (entry: Entry) => One,
): Map<string, One> {
  const features = new Map<string, One>();
  for (const { name, json, place } of modules) {
    for (const entry of readEntries(json[kind], place.at(kind))) {
      if (OF_THE_PLATFORM[kind].includes(entry.identifier)) continue;
      const identifier = name === '' ? entry.identifier : `${name}:${entry.identifier}`;
      if (features.has(identifier)) throw entry.place.invalid('is there twice');
      features.set(identifier, read(entry));
    }
  }
  return features;
}

function readProperty(entry: Entry): Property {
  const { json, place } = entry;
  const { accessMode } = json;
  return {
    name: nameOf(entry),
    accessMode: accessMode === 'r' || accessMode === 'w' ? accessMode : 'rw',
    dataType: readDataType(json.dataType, place.at('dataType')),
  };
}

function readEvent(entry: Entry): Feature {
  const { json, place } = entry;
  return { name: nameOf(entry), dataType: readStruct(json.outputData, place.at('outputData')) };
}

function readService(entry: Entry): Service {
  return { ...readEvent(entry), sync: entry.json.callType === 'sync' };
}

function nameOf({ identifier, json: { name } }: Entry): string {
  return typeof name === 'string' && name !== '' ? name.slice(0, LONGEST_NAME) : identifier;
}
