/**
 * What a connected device takes up, in two ways:
 *
 *   held       heap and buffers, from 100 devices that have posted to 300: the first 100 are for what grows but once,
 *              such as code that is loaded and compiled
 *   resident   the whole process, from 1 device to 201: what their connecting has left behind is in it, since V8 lets
 *              its young generation grow to 16 MB before it clears it. Ours subscribes twenty topics, raw one.
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

const held: Case<ClientName> = {
  name: 'memory-held',
  clients: CLIENT_NAMES,
  rounds: 3,
  counterpart: CLOUD,
  figures: [
    {
      what: 'memory of a connected device: heap and buffers',
      value: ({ bytes = Number.NaN }) => bytes / KIB,
      unit: 'KiB',
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
    const before = await memoryNow();
    await connect(DEVICES);
    const after = await memoryNow();
    // They are in use until here.
    await Promise.all(devices.map((device) => post(device, 0, 1, 1)));
    return { bytes: (after.held - before.held) / DEVICES };
  },
};

const resident: Case<ClientName> = {
  name: 'memory-resident',
  clients: CLIENT_NAMES,
  rounds: 3,
  counterpart: CLOUD,
  figures: [
    {
      what: 'memory of a connected device: growth of the process',
      value: ({ bytes = Number.NaN }) => bytes / KIB,
      unit: 'KiB',
      atMost: 85,
    },
  ],
  async measure(name, network) {
    const client = openClient(name);
    const devices = [await client.connect(network, 0)];
    await Promise.all(devices.map((device) => post(device, 0, 1, 1)));
    const before = await memoryNow();
    while (devices.length <= DEVICES) {
      const device = await client.connect(network, devices.length);
      await post(device, 0, 1, 1);
      devices.push(device);
    }
    const after = await memoryNow();
    // They are in use until here.
    await Promise.all(devices.map((device) => post(device, 1, 2, 1)));
    return { bytes: (after.resident - before.resident) / DEVICES };
  },
};

export const memory: Case<ClientName>[] = [held, resident];

async function memoryNow(): Promise<{ held: number; resident: number }> {
  await new Promise((resolve) => setTimeout(resolve, REST_MS));
  globalThis.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { held: heapUsed + external, resident: rss };
}
