/**
 * The topics of one device (pure). `SYS` is `/sys/${productKey}/${deviceName}`.
 *
 *   up    SYS/thing/event/property/post, …   a method's dots are the topic's slashes; reply on `…_reply`
 *   down  SYS/thing/service/property/set     property set             answer on …/set_reply
 *         SYS/thing/service/${service}       asynchronous service     answer on …_reply
 *         SYS/thing/config/push, …           any other request        answer on …_reply
 *         SYS/rrpc/request/${mid}            synchronous, any method  answer on SYS/rrpc/response/${mid}
 *         /ext/rrpc/${mid}SYS/thing/service/${service}
 *                                            synchronous service      answer on the same topic
 *   ota   /ota/device/{inform,upgrade,progress,request}/${productKey}/${deviceName}
 *
 * Where an answer goes follows from the topic received, never from the thing model.
 * Source: Alibaba Cloud IoT Platform, "Device properties, events, and services", "RRPC", "OTA update".
 */
import type { Identity } from './identity';

/** What a received topic means. */
export type Downlink =
  | { kind: 'reply' }
  | { kind: 'propertySet'; sync: false }
  | { kind: 'service'; sync: boolean; service: string }
  | { kind: 'request'; sync: false; method: string }
  /** The method in the message says what is asked. */
  | { kind: 'rrpc'; sync: true };

export type OtaTopic = 'inform' | 'upgrade' | 'progress' | 'request';

const SYNCHRONOUS = /^\/ext\/rrpc\/[^/]+(?=\/sys\/)/;

function sys({ productKey, deviceName }: Identity): string {
  return `/sys/${productKey}/${deviceName}`;
}

/** A system topic of the device: `path` is what stands below `/sys/${productKey}/${deviceName}/`. */
export function sysTopic(identity: Identity, path: string): string {
  return `${sys(identity)}/${path}`;
}

/** Where a request of `method` (`thing.event.property.post`) is published. */
export function requestTopic(identity: Identity, method: string): string {
  return sysTopic(identity, method.replaceAll('.', '/'));
}

/** Where an event is published: its identifier may hold dots, which stay (`_LivingLink.alarm`). */
export function eventTopic(identity: Identity, event: string): string {
  return `${sys(identity)}/thing/event/${event}/post`;
}

export function otaTopic({ productKey, deviceName }: Identity, kind: OtaTopic): string {
  return `/ota/device/${kind}/${productKey}/${deviceName}`;
}

/** Where the answer to what came on `topic` goes; also where the cloud answers what we publish there. */
export function replyTopic(topic: string): string {
  if (!topic.includes('/rrpc/')) return `${topic}_reply`;
  if (SYNCHRONOUS.test(topic)) return topic;
  const rrpc = /^(\/sys\/[^/]+\/[^/]+\/rrpc)\/request\/([^/]+)$/.exec(topic);
  return rrpc ? `${rrpc[1]}/response/${rrpc[2]}` : `${topic}_reply`;
}

/** Below `SYS`: where replies and the cloud's requests arrive. */
const DOWNLINKS = [
  'thing/+',
  'thing/event/+/post_reply',
  'thing/event/property/+/post_reply',
  'thing/property/desired/+',
  'thing/service/+',
  'thing/service/property/+',
  'thing/model/+',
  'thing/deviceinfo/+',
  'thing/config/+',
  'thing/config/log/+',
  'thing/log/+',
  'thing/job/+',
  'thing/dsltemplate/+',
  'thing/dynamicTsl/+',
  'thing/bootstrap/+',
  'thing/ota/firmware/+',
  'thing/file/+',
  '_thing/diag/+',
  'rrpc/request/+',
];

/** Few with wildcards, for a device may have about 100 subscriptions. */
export function subscriptions(identity: Identity): string[] {
  const own = sys(identity);
  return [...DOWNLINKS.map((path) => `${own}/${path}`), `/ext/rrpc/+${own}/thing/service/+`];
}

/** What the cloud subscribes by itself for a device that signs in with `_ss=1`. */
export function isSystemTopic(filter: string): boolean {
  return filter.startsWith('/sys/') || filter.startsWith('/ota/');
}

/** `+` fills its level, and `#` the last one. */
const FILTER = /^(\/(\+|[^+#/]*))*(\/#)?$/;
const MOST_BYTES = 65_535;

/** Whether it is a filter of MQTT that begins with a slash, as all topics of the platform do. */
export function isFilter(filter: string): boolean {
  return filter !== '' && Buffer.byteLength(filter) <= MOST_BYTES && FILTER.test(filter);
}

/** MQTT's matching: `+` is one level, a final `#` any number of levels. */
export function matchesFilter(filter: string, topic: string): boolean {
  if (filter === topic) return true;
  const levels = topic.split('/');
  const wanted = filter.split('/');
  for (const [index, level] of wanted.entries()) {
    if (level === '#') return true;
    if (levels[index] === undefined || (level !== '+' && level !== levels[index])) return false;
  }
  return levels.length === wanted.length;
}

/** Undefined for a topic that is none of the device's system topics for downlinks. */
export function parseTopic(identity: Identity, topic: string): Downlink | undefined {
  const path = topic.startsWith('/ext/') ? topic.replace(SYNCHRONOUS, '') : topic;
  const sync = path !== topic;
  const prefix = `${sys(identity)}/`;
  if (!path.startsWith(prefix)) return undefined;
  const rest = path.slice(prefix.length);
  if (rest.startsWith('thing/service/')) return parseServiceTopic(rest, sync);
  if (sync) return undefined;
  if (/^rrpc\/request\/[^/]+$/.test(rest)) return { kind: 'rrpc', sync: true };
  // Raw data is no Alink: whoever subscribes it takes it.
  if (!/^_?thing\/[^/]/.test(rest) || rest.startsWith('thing/model/')) return undefined;
  return rest.endsWith('_reply') ? { kind: 'reply' } : requestOf(rest);
}

function parseServiceTopic(rest: string, sync: boolean): Downlink | undefined {
  // With `+` a broker may send our own answers back to us.
  if (rest.endsWith('_reply')) return undefined;
  const service = /^thing\/service\/([^/]+)$/.exec(rest)?.[1];
  if (service) return { kind: 'service', sync, service };
  if (sync) return undefined;
  return rest === 'thing/service/property/set' ? { kind: 'propertySet', sync } : requestOf(rest);
}

function requestOf(rest: string): Downlink {
  return { kind: 'request', sync: false, method: rest.replaceAll('/', '.') };
}
