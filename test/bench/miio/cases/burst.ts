/** A hundred devices get twenty commands each at once, as when a whole home is switched off. */

import type { Case } from '../../case';
import { CLIENT_NAMES, type ClientName, openClient } from '../clients/client';
import { homeOf } from '../home';
import { connectAll, burst as sendBurst, sequences } from '../workload';

const DEVICES = 100;
const COMMANDS = 20;
/** For each device, one after the other, until the code is compiled. */
const WARM_UP = 100;
const LIMIT_MS = 15_000;

export const burst: Case<ClientName> = {
  name: 'burst',
  clients: CLIENT_NAMES,
  rounds: 5,
  counterpart: homeOf({ devices: DEVICES }),
  figures: [
    {
      what: '100 devices, 20 commands to each at once',
      value: ({ rate = Number.NaN }) => rate,
      unit: '/s',
      shown: 'ratio',
      atLeast: 0.9,
    },
    { what: 'of them answered', value: ({ answered = Number.NaN }) => answered, unit: '', atLeast: 2_000 },
  ],
  async measure(client, network) {
    const devices = await connectAll(openClient(client), network, DEVICES);
    await sequences(devices, WARM_UP, LIMIT_MS);
    const { answered, elapsedMs } = await sendBurst(devices, COMMANDS, LIMIT_MS);
    return { answered, rate: (answered / elapsedMs) * 1000 };
  },
};
