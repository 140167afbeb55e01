/**
 * What a connected device takes up: the growth of a process from 100 devices that have posted to 300.
 *
 * The first 100 are for what grows but once: code is loaded and compiled, and the 16 MB of V8's young generation become
 * 32 MB when enough objects have survived in it, however few of them are held. How soon depends on how much was loaded
 * before, so that resident memory tells more of that than of the devices: of it the whole process is shown.
 */
import type { Case } from '../../case';
import { CLIENT_NAMES, type ClientName, type Device, openClient } from '../clients/client';
import { CLOUD } from '../place';
import { post } from '../workload';

const DEVICES_BEFORE = 100;
/** Of each of these, all at once. */
const POSTS_BEFORE = 200;
const DEVICES = 200;
const POSTS = 5;
const REST_MS = 500;
const KIB = 1024;
const MIB = 1024 * KIB;

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
    {
      what: 'the process with 300 of them (resident)',
      value: ({ resident = Number.NaN }) => resident / MIB,
      unit: 'MB',
    },
  ],
  async measure(name, network) {
    const client = openClient(name);
    const devices: Device[] = [];
    const connect = async (count: number) => {
      for (let number = 0; number < count; number++) {
        const device = await client.connect(network, devices.length);
        await post(device, 0, POSTS, 1);
        devices.push(device);
      }
    };
    await connect(DEVICES_BEFORE);
    await Promise.all(devices.map((device) => post(device, 0, POSTS_BEFORE, 1)));
    const before = await held();
    await connect(DEVICES);
    const after = await held();
    // They are in use until here.
    await Promise.all(devices.map((device) => post(device, 0, 1, 1)));
    return { bytes: (after.bytes - before.bytes) / DEVICES, resident: after.resident };
  },
};

async function held(): Promise<{ bytes: number; resident: number }> {
  await new Promise((resolve) => setTimeout(resolve, REST_MS));
  globalThis.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { bytes: heapUsed + external, resident: rss };
}
