/**
 * How a device comes to know of its remote configuration:
 *
 *   asks     SYS/thing/config/get    {"configScope":"product","getType":"file"} -> the notice; 6710, 6713: there is none
 *   is told  SYS/thing/config/push   the notice -> 200, or 460 if it cannot be used
 *
 * Source: Alibaba Cloud IoT Platform, "Remote configuration" (COTA).
 */
import { MialinkError } from '../../../errors';
import type { CloudChannel } from '../../channel';
import type { RequestOptions } from '../../requests';
import { type ConfigNotice, parseConfigNotice } from './notice';

/** What the cloud's refusals mean here. */
const CONTEXTS = new Map<string | number, string>([
  [6710, 'noConfig'],
  [6713, 'configOff'],
]);
const BAD_PARAMETER = 460;

/**
 * Asks for the configuration of the product. Rejects as `CloudChannel.request` does, with `cloudRefused` in words of its
 * own where nothing is configured or the feature is off, and with `configNoticeInvalid` (CODEC).
 */
export async function getConfig(channel: CloudChannel, options?: RequestOptions): Promise<ConfigNotice> {
  const params = { configScope: 'product', getType: 'file' };
  try {
    const operation = 'remote configuration';
    const { data } = await channel.request('thing.config.get', params, { operation, ...options });
    return parseConfigNotice(data, channel.label);
  } catch (error) {
    if (!(error instanceof MialinkError) || !error.peer) throw error;
    const context = CONTEXTS.get(error.peer.code);
    if (context === undefined) throw error;
    throw new MialinkError(error.reason, { ...error.values, context }, { peer: error.peer });
  }
}

/**
 * Calls `handler` with each notice that the cloud pushes; the push is answered at once, without waiting for what the
 * handler starts. Returns how to stop that.
 */
export function onConfigPush(channel: CloudChannel, handler: (notice: ConfigNotice) => void): () => void {
  return channel.serve('thing.config.push', ({ params }) => {
    let notice: ConfigNotice;
    try {
      notice = parseConfigNotice(params, channel.label);
    } catch {
      return { code: BAD_PARAMETER };
    }
    handler(notice);
    return undefined;
  });
}
