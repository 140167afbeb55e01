/** The posts that the cases make. */
import type { Device } from './clients/client';
import { propertiesOf } from './thing';

/** Posts with these counters, so many in flight at a time. */
export async function post(device: Device, from: number, to: number, inFlight: number): Promise<void> {
  let next = from;
  const line = async () => {
    while (next < to) await device.post(propertiesOf(next++));
  };
  await Promise.all(Array.from({ length: inFlight }, line));
}

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}
