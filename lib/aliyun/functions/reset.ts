/**
 * Reset: the device gives up its bindings to users and its topology, as a button on it would. Repeated by whoever
 * ordered it until the cloud has acknowledged.
 *
 *   up  SYS/thing/reset   {}   reply on …_reply
 *
 * Source: `IOT_DevReset_Report` of the vendor's C SDK.
 */
import type { CloudReply } from '../alink';
import type { CloudChannel } from '../channel';

export function resetDevice(channel: CloudChannel): Promise<CloudReply> {
  return channel.request('thing.reset', {}, { operation: 'reset' });
}
