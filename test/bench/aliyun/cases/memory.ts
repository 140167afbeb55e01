/** What a connected device takes up: 200 of them in one process, each has posted; compared with one of them. */
import type { Case } from '../../case';
import { CLIENT_NAMES, type ClientName, openClient } from '../clients/client';
import { CLOUD } from '../place';
import { post } from '../workload';

const DEVICES = 200;
const POSTS = 5;
const REST_MS = 500;
const KIB = 1024;

export const memory: Case<ClientName> = {
  name: 'memory',
  clients: CLIENT_NAMES,
  rounds: 3,
  counterpart: CLOUD,
  figures: [
    {
      what: 'memory of a connected device (heap and buffers)',
      value: ({ bytes = Number.NaN }) => bytes / KIB,
      unit: 'KiB',
      atMost: 85,
    },
    { what: 'resident', value: ({ rss = Number.NaN }) => rss / KIB, unit: 'KiB' },
  ],
  async measure(name, network) {
    const client = openClient(name);
    const connected = async (number: number) => {
      const device = await client.connect(network, number);
      await post(device, 0, POSTS, 1);
      return device;
    };
    const devices = [await connected(0)];
    const before = await held();
    for (let number = 1; number <= DEVICES; number++) devices.push(await connected(number));
    const after = await held();
    // They are in use until here.
    await Promise.all(devices.map((device) => post(device, 0, 1, 1)));
    return { bytes: (after.bytes - before.bytes) / DEVICES, rss: (after.rss - before.rss) / DEVICES };
  },
};

async function held(): Promise<{ bytes: number; rss: number }> {
  await new Promise((resolve) => setTimeout(resolve, REST_MS));
  globalThis.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { bytes: heapUsed + external, rss };
}
