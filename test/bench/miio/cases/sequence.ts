/** One device that answers at once, one command after the other: what a command costs, in time and in CPU. */

import type { Case } from '../../case';
import { CLIENT_NAMES, type ClientName, openClient } from '../clients/client';
import { homeOf } from '../home';
import { connectAll, sequences } from '../workload';

/** Until the code is compiled: a program that runs for days is measured, not its first second. */
const WARM_UP = 5_000;
const COMMANDS = 10_000;
const LIMIT_MS = 15_000;

export const sequence: Case<ClientName> = {
  name: 'sequence',
  clients: CLIENT_NAMES,
  rounds: 5,
  counterpart: homeOf({ devices: 1 }),
  figures: [
    {
      what: 'commands in sequence',
      value: ({ rate = Number.NaN }) => rate,
      unit: '/s',
      shown: 'ratio',
      atLeast: 0.95,
    },
    {
      what: 'CPU for each of them',
      value: ({ cpu = Number.NaN }) => cpu,
      unit: 'µs',
      shown: 'ratio',
      atMost: 1.15,
    },
  ],
  async measure(client, network) {
    const devices = await connectAll(openClient(client), network, 1);
    await sequences(devices, WARM_UP, LIMIT_MS);
    const before = process.cpuUsage();
    const { answered, elapsedMs } = await sequences(devices, COMMANDS, LIMIT_MS);
    const { user, system } = process.cpuUsage(before);
    return { rate: (answered / elapsedMs) * 1000, cpu: (user + system) / answered };
  },
};
