/**
 * A thousand devices in one process. Every device is connected and answers one command, then ten more, one after the
 * other, the devices at once. Memory is what the process holds after another twenty, a second later and its garbage
 * collected.
 *
 * Those twenty are for the young generation of V8: its 16 MB become 32 MB when enough objects have survived in it since
 * the start, however few of them are held. With ten commands each the floor is just below that, with fifteen above, and
 * with ten if it had a timer for each command, as every client with a time limit has. After thirty all clients are
 * above, as is every program that runs for days.
 */

import type { Case } from '../../case';
import { CLIENT_NAMES, type ClientName, openClient } from '../clients/client';
import { homeOf } from '../home';
import { connectAll, sequences } from '../workload';

const DEVICES = 1_000;
const COMMANDS = 10;
const COMMANDS_UNTIL_GROWN = 20;
const LIMIT_MS = 15_000;
const REST_MS = 1_000;
const MB = 1024 * 1024;

export const thousand: Case<ClientName> = {
  name: 'thousand',
  clients: CLIENT_NAMES,
  rounds: 7,
  counterpart: homeOf({ devices: DEVICES }),
  figures: [
    {
      what: '1,000 devices, connected',
      value: ({ connected = Number.NaN }) => connected,
      unit: '',
      atLeast: DEVICES,
    },
    {
      what: 'of 10,000 commands answered',
      value: ({ answered = Number.NaN }) => answered,
      unit: '',
      atLeast: DEVICES * COMMANDS,
    },
    {
      what: 'their rate',
      value: ({ rate = Number.NaN }) => rate,
      unit: '/s',
      shown: 'ratio',
      atLeast: 0.8,
    },
    {
      what: 'memory (resident)',
      value: ({ memory = Number.NaN }) => memory,
      unit: 'MB',
      shown: 'more',
      atMost: 10,
    },
    {
      what: 'of it the heap',
      value: ({ heap = Number.NaN }) => heap,
      unit: 'MB',
      shown: 'more',
    },
  ],
  async measure(client, network) {
    const devices = await connectAll(openClient(client), network, DEVICES);
    const connected = await sequences(devices, 1, LIMIT_MS);
    const { answered, elapsedMs } = await sequences(devices, COMMANDS, LIMIT_MS);
    await sequences(devices, COMMANDS_UNTIL_GROWN, LIMIT_MS);
    await new Promise((resolve) => setTimeout(resolve, REST_MS));
    globalThis.gc?.();
    const { rss, heapUsed } = process.memoryUsage();
    return {
      connected: connected.answered,
      answered,
      rate: (answered / elapsedMs) * 1000,
      memory: rss / MB,
      heap: heapUsed / MB,
    };
  },
};
