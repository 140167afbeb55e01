/** A fresh address for a firmware whose address has expired: the cloud is asked, as soon as there is a connection. */
import { MialinkError } from '../../errors';
import { deferred } from '../../wait';
import type { OtaChannel, OtaUplink } from './uplink';

/**
 * Resolves with the `data` of the cloud's reply. While the broker is away it waits, for as long as that takes. Rejects
 * with what the cloud refuses, and with the signal's reason.
 */
export async function askAgain(
  channel: OtaChannel,
  uplink: OtaUplink,
  signal: AbortSignal,
): Promise<unknown> {
  for (;;) {
    await connected(channel, signal);
    try {
      return await uplink.getFirmware();
    } catch (error) {
      const isAway = error instanceof MialinkError && error.code === 'TRANSPORT';
      if (!isAway) throw error;
    }
  }
}

function connected(channel: OtaChannel, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = deferred<void>();
  const giveUp = () => reject(new MialinkError('aborted', { device: channel.label }));
  signal.addEventListener('abort', giveUp, { once: true });
  if (signal.aborted) giveUp();
  const stop = channel.onConnect(resolve);
  return promise.finally(() => {
    stop();
    signal.removeEventListener('abort', giveUp);
  });
}
