/** The commands that the cases send, and what became of them. */
import type { Client, Device } from './clients/client';
import { addressesOf } from './home';

export interface Outcome {
  answered: number;
  /** Until the last answer, or until the time was over. */
  elapsedMs: number;
  /** Of each answered command, in milliseconds, sorted. */
  durations: number[];
}

/** All devices of a home at once; those that do not let themselves be connected are left out. */
export async function connectAll(client: Client, network: number, devices: number): Promise<Device[]> {
  const connections = addressesOf(network, devices).map((address) => client.connect(address));
  const settled = await Promise.allSettled(connections);
  return settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
}

/** Every device gets `each` commands at once. */
export function burst(devices: Device[], each: number, limitMs: number): Promise<Outcome> {
  return within(limitMs, (call) =>
    Promise.all(devices.flatMap((device) => Array.from({ length: each }, () => call(device)))),
  );
}

/** Every device gets `each` commands, one when the one before has ended; the devices at once. */
export function sequences(devices: Device[], each: number, limitMs: number): Promise<Outcome> {
  return within(limitMs, (call) =>
    Promise.all(
      devices.map(async (device) => {
        for (let left = each; left > 0; left--) await call(device);
      }),
    ),
  );
}

/** Every command is another one, so that the devices can tell which are executed twice. */
let sent = 0;

/** No client hangs the benchmark: what is not answered after `limitMs` is not answered. */
async function within(
  limitMs: number,
  work: (call: (device: Device) => Promise<void>) => Promise<unknown>,
): Promise<Outcome> {
  const durations: number[] = [];
  const startedAt = performance.now();
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs);
  });
  const call = async (device: Device) => {
    const calledAt = performance.now();
    await device.call('get_prop', [`command ${sent++}`]).then(
      () => durations.push(performance.now() - calledAt),
      () => undefined,
    );
  };
  await Promise.race([work(call), limit]);
  clearTimeout(timer);
  const elapsedMs = performance.now() - startedAt;
  return { answered: durations.length, elapsedMs, durations: [...durations].sort((a, b) => a - b) };
}

/** What 95 % of the sorted `durations` do not exceed, for a `part` of 0.95. */
export function percentile(durations: number[], part: number): number {
  return durations[Math.ceil(part * durations.length) - 1] ?? Number.NaN;
}
