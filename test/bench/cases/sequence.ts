/** One device that answers at once, one command after the other: what a command costs, in time and in CPU. */
import { CLIENT_NAMES } from '../clients/client';
import { connectAll, sequences } from '../workload';
import type { Case } from './case';

/** Until the code is compiled: a program that runs for days is measured, not its first second. */
const WARM_UP = 5_000;
const COMMANDS = 10_000;
const LIMIT_MS = 15_000;

export const sequence: Case = {
  name: 'sequence',
  clients: CLIENT_NAMES,
  rounds: 5,
  home: { devices: 1 },
  figures: [
    {
      what: 'commands in sequence',
      value: ({ rate = Number.NaN }) => rate,
      unit: '/s',
      shown: 'ratio to the floor',
      atLeast: 0.95,
    },
    {
      what: 'CPU for each of them',
      value: ({ cpu = Number.NaN }) => cpu,
      unit: 'µs',
      shown: 'ratio to the floor',
      atMost: 1.15,
    },
  ],
  async measure(open, network) {
    const devices = await connectAll(open(), network, 1);
    await sequences(devices, WARM_UP, LIMIT_MS);
    const before = process.cpuUsage();
    const { answered, elapsedMs } = await sequences(devices, COMMANDS, LIMIT_MS);
    const { user, system } = process.cpuUsage(before);
    return { rate: (answered / elapsedMs) * 1000, cpu: (user + system) / answered };
  },
};
