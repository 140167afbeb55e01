/**
 * The topics that the users of a product make themselves, and the broadcasts (pure). What a person writes becomes a
 * whole topic:
 *
 *   user/update, /user/update                        /${productKey}/${deviceName}/user/update
 *   update (products of the old kind)                /${productKey}/${deviceName}/update
 *   /${productKey}/${deviceName}/…                   as it is, the placeholders filled in
 *   /sys/…, /ext/…, /ota/…, /shadow/… of the device  as it is
 *   a broadcast: alarm                               /broadcast/${productKey}/alarm
 *
 * All others belong to another device: the cloud drops what is published there without a word.
 * Source: Alibaba Cloud IoT Platform, "Topics", "Limits" (128 bytes), "Broadcast"; MQTT 3.1.1, 4.7 (wildcards).
 */
import { MialinkError } from '../../errors';
import type { CloudChannel } from '../channel';
import { isFilter, sysTopic } from '../topics';

/** Whose topics they are. */
export type TopicOwner = Pick<CloudChannel, 'identity' | 'label'>;

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: so a person writes them
const PRODUCT_KEY = '${productKey}';
const DEVICE_NAME = '${deviceName}';
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: so a person writes them

const MAX_TOPIC_BYTES = 128;
const SYSTEM = /^\/(sys|ext|ota|shadow)\//;
/** What begins so is not whole yet, though it begins with a slash. */
const USER = '/user/';
const WILDCARD = /[+#]/;
const BLANK = /[\s\p{Cc}]/u;
/** Of a topic that is quoted in an error. */
const LONGEST_QUOTE = 80;

/** To publish to. Throws `topicInvalid` or `topicForeign`. */
export function expandTopic(owner: TopicOwner, text: string): string {
  const topic = ownTopic(owner, filled(owner, text));
  if (!WILDCARD.test(topic)) return topic;
  throw invalid(owner, text, 'without wildcards, which only a subscription has');
}

/** To subscribe, with the wildcards `+` and `#` or without. Throws `topicInvalid` or `topicForeign`. */
export function expandFilter(owner: TopicOwner, text: string): string {
  return filter(owner, ownTopic(owner, filled(owner, text)));
}

/** To subscribe what the cloud sends to all that have subscribed it. Throws `topicInvalid` or `topicForeign`. */
export function expandBroadcast(owner: TopicOwner, text: string): string {
  const path = filled(owner, text);
  const own = `/broadcast/${owner.identity.productKey}/`;
  const topic = path.startsWith('/broadcast/') ? path : `${own}${path.replace(/^\//, '')}`;
  if (!topic.startsWith(own)) throw foreign(owner, text);
  return filter(owner, limited(owner, topic));
}

/** What the cloud sends to all devices of the product that are on line. */
export function broadcastToAll({ identity }: TopicOwner): string {
  return sysTopic(identity, 'broadcast/request/+');
}

function filled(owner: TopicOwner, text: string): string {
  const { productKey, deviceName } = owner.identity;
  const path = text.trim().replaceAll(PRODUCT_KEY, productKey).replaceAll(DEVICE_NAME, deviceName);
  if (path === '' || path === '/') throw invalid(owner, text, 'one such as user/update');
  if (BLANK.test(path)) throw invalid(owner, text, 'without blanks');
  return path;
}

function ownTopic(owner: TopicOwner, path: string): string {
  const names = `/${owner.identity.productKey}/${owner.identity.deviceName}`;
  const topic = path.startsWith('/') ? path : `/${path}`;
  if (topic.startsWith(`${names}/`)) return limited(owner, topic);
  if (topic !== path || path.startsWith(USER)) return limited(owner, `${names}${topic}`);
  if (SYSTEM.test(topic) && `${topic}/`.includes(`${names}/`)) return limited(owner, topic);
  throw foreign(owner, path);
}

function limited(owner: TopicOwner, topic: string): string {
  if (Buffer.byteLength(topic) <= MAX_TOPIC_BYTES) return topic;
  throw invalid(owner, topic, `at most ${MAX_TOPIC_BYTES} bytes long`);
}

function filter(owner: TopicOwner, topic: string): string {
  if (isFilter(topic)) return topic;
  throw invalid(owner, topic, 'such that + is a whole level, and # the last one');
}

function invalid({ label: device }: TopicOwner, topic: string, rule: string): MialinkError {
  return new MialinkError('topicInvalid', { device, topic: topic.slice(0, LONGEST_QUOTE), rule });
}

function foreign({ label: device }: TopicOwner, topic: string): MialinkError {
  return new MialinkError('topicForeign', { device, topic: topic.slice(0, LONGEST_QUOTE) });
}
