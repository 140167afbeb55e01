/**
 * The topics of one device (pure). `SYS` is `/sys/${productKey}/${deviceName}`.
 *
 *   up    SYS/thing/event/property/post, …   a method's dots are the topic's slashes; reply on `…_reply`
 *   down  SYS/thing/service/property/set     property set             answer on …/set_reply
 *         SYS/thing/service/${service}       asynchronous service     answer on …_reply
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
  /** The method in the message says what is asked. */
  | { kind: 'rrpc'; sync: true };

export type OtaTopic = 'inform' | 'upgrade' | 'progress' | 'request';

const SYNCHRONOUS = /^\/ext\/rrpc\/[^/]+(?=\/sys\/)/;

function sys({ productKey, deviceName }: Identity): string {
  return `/sys/${productKey}/${deviceName}`;
}

/** Where a request of `method` (`thing.event.property.post`) is published. */
export function requestTopic(identity: Identity, method: string): string {
  return `${sys(identity)}/${method.replaceAll('.', '/')}`;
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
  if (SYNCHRONOUS.test(topic)) return topic;
  const rrpc = /^(\/sys\/[^/]+\/[^/]+\/rrpc)\/request\/([^/]+)$/.exec(topic);
  return rrpc ? `${rrpc[1]}/response/${rrpc[2]}` : `${topic}_reply`;
}

/** Few with wildcards, for a device may have about 100 subscriptions. */
export function subscriptions(identity: Identity): string[] {
  const prefix = sys(identity);
  return [
    `${prefix}/thing/event/+/post_reply`,
    `${prefix}/thing/event/property/history/post_reply`,
    `${prefix}/thing/event/property/batch/post_reply`,
    `${prefix}/thing/property/desired/+`,
    `${prefix}/thing/service/+`,
    `${prefix}/thing/service/property/set`,
    `${prefix}/rrpc/request/+`,
    `/ext/rrpc/+${prefix}/thing/service/+`,
  ];
}

/** Undefined for a topic that is none of the device's system topics for downlinks. */
export function parseTopic(identity: Identity, topic: string): Downlink | undefined {
  const sync = SYNCHRONOUS.test(topic);
  const path = topic.replace(SYNCHRONOUS, '');
  const prefix = `${sys(identity)}/`;
  if (!path.startsWith(prefix)) return undefined;
  const rest = path.slice(prefix.length);
  const service = /^thing\/service\/([^/]+)$/.exec(rest)?.[1];
  // With `+` a broker may send our own answers back to us.
  if (service) return service.endsWith('_reply') ? undefined : { kind: 'service', sync, service };
  if (sync) return undefined;
  if (rest === 'thing/service/property/set') return { kind: 'propertySet', sync };
  if (/^thing\/(event|property)\/.+_reply$/.test(rest)) return { kind: 'reply' };
  return /^rrpc\/request\/[^/]+$/.test(rest) ? { kind: 'rrpc', sync: true } : undefined;
}
