/**
 * The most that the process holds during one large download beyond what it held after a smaller one: in any Node program
 * the first 32 MB from a network lie about until V8 first looks for garbage, and their room is used again from then on.
 * What curl takes is in processes of its own.
 */
import type { Case } from '../../case';
import { type ClientName, openClient } from '../clients/client';
import { MB, SERVER } from '../place';
import { firmwareOf, timed, withPlace } from '../workload';

const SMALLER_MB = 64;
const LARGE_MB = 512;
const LOOK_EACH_MS = 10;

export const memory: Case<ClientName> = {
  name: 'https-memory',
  clients: ['bare', 'ours'],
  rounds: 3,
  counterpart: SERVER,
  figures: [
    {
      what: `growth of the process by ${LARGE_MB} MB (resident)`,
      value: ({ growth = Number.NaN }) => growth,
      unit: 'MB',
      atMost: 32,
    },
  ],
  measure: (name, network) =>
    withPlace(network, async (place) => {
      const download = openClient(name);
      const large = firmwareOf(network, LARGE_MB);
      await timed(download, firmwareOf(network, SMALLER_MB), place);
      globalThis.gc?.();
      const before = process.memoryUsage.rss();
      let most = before;
      const look = setInterval(() => {
        most = Math.max(most, process.memoryUsage.rss());
      }, LOOK_EACH_MS);
      await timed(download, large, place);
      clearInterval(look);
      return { growth: (most - before) / MB };
    }),
};
