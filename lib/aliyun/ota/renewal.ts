/**
 * A fresh address for a firmware whose address has expired: the cloud is asked, as soon as there is a connection.
 *
 *   connected -> thing.ota.firmware.get -> its data
 *       ^            | connection lost   | the cloud knows only the old way
 *       '------------'                   '-> /ota/device/request -> what there is comes as a notice
 */
import { MialinkError } from '../../errors';
import { deferred, timePassed } from '../../wait';
import type { OtaChannel, OtaUplink } from './uplink';

/** How long a notice is waited for that was asked for in the old way. */
const NOTICE_MS = 30_000;

/**
 * Resolves with the `data` of the cloud's reply, or with undefined when a notice that was asked for in the old way has not
 * come. While the broker is away it waits, for as long as that takes. Rejects with what the cloud refuses, and as soon as
 * `signal` is aborted: the firmware is given up, or its notice has come. `version` is what runs; without it there is no old
 * way.
 */
export async function askAgain(
  channel: OtaChannel,
  uplink: OtaUplink,
  signal: AbortSignal,
  version?: string,
): Promise<unknown> {
  const aborted = deferred<never>();
  const giveUp = () => aborted.reject(new MialinkError('aborted', { device: channel.label }));
  signal.addEventListener('abort', giveUp, { once: true });
  if (signal.aborted) giveUp();
  const ask = () => (version ? uplink.askForFirmware(version) : uplink.getFirmware());
  try {
    for (;;) {
      await connected(channel, aborted.promise);
      const data = await Promise.race([ask().catch(unlessAway), aborted.promise]);
      if (data === AWAY) continue;
      if (data === undefined) await Promise.race([timePassed(NOTICE_MS, aborted.promise), aborted.promise]);
      return data;
    }
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

const AWAY = Symbol('the connection was lost');

function unlessAway(error: unknown): typeof AWAY {
  if (error instanceof MialinkError && error.code === 'TRANSPORT') return AWAY;
  throw error;
}

function connected(channel: OtaChannel, aborted: Promise<never>): Promise<void> {
  const { promise, resolve } = deferred<void>();
  const stop = channel.onConnect(resolve);
  return Promise.race([promise, aborted]).finally(stop);
}
