/**
 * A network is asked address by address who is there. Neither peer can do that: `miio` only broadcasts, `miio-api`
 * does not discover. The time begins with the first packet that a device hears.
 */

import type { Case } from '../../case';
import { type ClientName, openClient } from '../clients/client';
import { addressesOf, clock, homeOf } from '../home';

const SWEEPING: ClientName[] = ['floor', 'ours'];
const LIMIT_MS = 3_500;

export const sweep: Case<ClientName>[] = [
  sweepOf({ name: 'sweep', devices: 250, prefix: 24, atMostMs: 60 }),
  sweepOf({ name: 'sweep-1000', devices: 1_000, prefix: 22 }),
];

interface Range {
  name: string;
  devices: number;
  prefix: 22 | 24;
  atMostMs?: number;
}

function sweepOf({ name, devices, prefix, atMostMs }: Range): Case<ClientName> {
  return {
    name,
    clients: SWEEPING,
    rounds: 5,
    counterpart: homeOf({ devices }),
    figures: [
      {
        what: `sweep of a /${prefix}, found of ${devices} devices`,
        value: ({ found = Number.NaN }) => found,
        unit: '',
        atLeast: devices,
      },
      {
        what: 'the last of them after',
        value: ({ lastFoundAt = Number.NaN, firstPacketAt = Number.NaN }) => lastFoundAt - firstPacketAt,
        unit: 'ms',
        atMost: atMostMs,
      },
    ],
    measure(clientName, network) {
      const client = openClient(clientName);
      const hosts = addressesOf(network, 2 ** (32 - prefix) - 2);
      return new Promise((resolve) => {
        let found = 0;
        let lastFoundAt = Number.NaN;
        const end = () => resolve({ found, lastFoundAt });
        setTimeout(end, LIMIT_MS);
        client.sweep?.({ cidr: `127.${network}.0.0/${prefix}`, hosts }, () => {
          found++;
          lastFoundAt = clock();
          if (found === devices) end();
        });
      });
    },
  };
}
