/** A process that has just started, as a command line is: from the first line of the program to the first reply. */

import type { Case } from '../../case';
import { CLIENT_NAMES, type ClientName, openClient } from '../clients/client';
import { addressesOf, homeOf } from '../home';

export const firstReply: Case<ClientName> = {
  name: 'first-reply',
  clients: CLIENT_NAMES,
  rounds: 15,
  counterpart: homeOf({ devices: 1 }),
  figures: [
    {
      what: 'first reply in a fresh process',
      value: ({ replyMs = Number.NaN }) => replyMs,
      unit: 'ms',
      atMost: 12,
    },
    { what: 'before it, loading the client', value: ({ loadMs = Number.NaN }) => loadMs, unit: 'ms' },
  ],
  async measure(clientName, network) {
    const startedAt = performance.now();
    const client = openClient(clientName);
    const loadedAt = performance.now();
    const [address = ''] = addressesOf(network, 1);
    const device = await client.connect(address);
    await device.call('get_prop', ['power']);
    return { loadMs: loadedAt - startedAt, replyMs: performance.now() - loadedAt };
  },
};
