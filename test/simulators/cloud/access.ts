/**
 * Which topics a device may use (pure): those that carry its own productKey and deviceName, and no others.
 * Source: reference/aliyun.md 1.6, 3.2, 4, 5.1, 7.
 */
interface Owner {
  productKey: string;
  deviceName: string;
}

const OTA_UPLINKS = ['inform', 'progress', 'request'];
/** The custom topics that products of the first years have. */
const OLD_CUSTOM = ['update', 'update/error', 'get'];
/** Topics below these carry a message id before, or instead of, the device's names. */
const ID_FIRST = ['/ext/rrpc/', '/ext/network/probe/'];

/** True if the cloud sends a device messages on `topic`. */
export function mayReceive(owner: Owner, topic: string): boolean {
  return names(owner, topic) || isBroadcast(owner, topic);
}

/** True if `topic` carries the device's names. */
export function names(owner: Owner, topic: string): boolean {
  return `${topic}/`.includes(`/${owner.productKey}/${owner.deviceName}/`);
}

export function mayPublish(owner: Owner, topic: string): boolean {
  const own = `${owner.productKey}/${owner.deviceName}`;
  if (isBelowOwn(owner, topic)) return true;
  if (OTA_UPLINKS.some((step) => topic === `/ota/device/${step}/${own}`)) return true;
  if (topic.startsWith('/ext/network/probe/')) return true;
  return topic.startsWith('/ext/') && names(owner, topic);
}

/** `filter` may hold wildcards, but not in the place of the device's names. */
export function maySubscribe(owner: Owner, filter: string): boolean {
  if (isBelowOwn(owner, filter)) return true;
  if (filter === `/ota/device/upgrade/${owner.productKey}/${owner.deviceName}`) return true;
  if (isBroadcast(owner, filter) || ID_FIRST.some((prefix) => filter.startsWith(prefix))) return true;
  return filter.startsWith('/ext/') && names(owner, filter);
}

/** `/broadcast/${pk}/${name}`, without wildcards. */
function isBroadcast({ productKey }: Owner, topic: string): boolean {
  return topic.startsWith(`/broadcast/${productKey}/`) && !/[+#]/.test(topic);
}

function isBelowOwn({ productKey, deviceName }: Owner, topic: string): boolean {
  const own = `${productKey}/${deviceName}`;
  return (
    topic.startsWith(`/sys/${own}/`) ||
    topic.startsWith(`/${own}/user/`) ||
    OLD_CUSTOM.some((name) => topic === `/${own}/${name}`) ||
    topic === `/shadow/update/${own}` ||
    topic === `/shadow/get/${own}`
  );
}

/** MQTT's topic matching: `+` one level, a final `#` any number of levels. */
export function matches(filter: string, topic: string): boolean {
  const levels = topic.split('/');
  const pattern = filter.split('/');
  for (const [index, level] of pattern.entries()) {
    if (level === '#') return true;
    if (levels[index] === undefined || (level !== '+' && level !== levels[index])) return false;
  }
  return levels.length === pattern.length;
}
