/**
 * How good the device's network is, for the cloud's diagnosis page.
 *
 *   up  SYS/_thing/diag/post   {p: {wifi: {rssi, snr, per, err_stats}, _time}, model: "format=simple|quantity=single|time=now"}
 *                              {p: [{wifi, _time}, …], model: "format=simple|quantity=batch|time=history"}
 *
 * Source: the diagnosis component of the vendor's C SDK 4.
 */
import { MialinkError } from '../../errors';
import type { CloudReply } from '../alink';
import type { CloudChannel } from '../channel';
import { sysTopic } from '../topics';

export interface NetworkStatus {
  /** Signal, dBm. */
  rssi: number;
  /** Signal to noise, dB. */
  snr?: number;
  /** Packets lost, percent. */
  per?: number;
  /** Error counters, as text of the author's own form. */
  errStats?: string;
  /** Milliseconds since 1970; default: now. */
  time?: number;
}

const NOW = 'format=simple|quantity=single|time=now';
const HISTORY = 'format=simple|quantity=batch|time=history';

/** One status as it is now, or several measured earlier. Rejects with `payloadInvalid` (CONFIG) for other values. */
export async function postNetworkStatus(
  channel: CloudChannel,
  status: NetworkStatus | NetworkStatus[],
): Promise<CloudReply> {
  const params = Array.isArray(status)
    ? { p: status.map((one) => sampleOf(channel, one)), model: HISTORY }
    : { p: sampleOf(channel, status), model: NOW };
  const topic = sysTopic(channel.identity, '_thing/diag/post');
  return channel.request('_thing.diag.post', params, { topic, operation: 'network status' });
}

function sampleOf({ label: device }: CloudChannel, status: NetworkStatus): object {
  const { rssi, snr, per, errStats, time = Date.now() } = status;
  const numbers = { rssi, snr, per, time };
  for (const [name, value] of Object.entries(numbers)) {
    if (value === undefined && name !== 'rssi') continue;
    if (typeof value === 'number' && Number.isFinite(value)) continue;
    const values = { device, operation: 'network status', rule: `an object with a number as ${name}` };
    throw new MialinkError('payloadInvalid', { ...values, type: `one in which it is ${value}` });
  }
  const wifi = { rssi, snr, per, err_stats: errStats };
  const known = Object.entries(wifi).filter(([, value]) => value !== undefined);
  return { wifi: Object.fromEntries(known), _time: time };
}
