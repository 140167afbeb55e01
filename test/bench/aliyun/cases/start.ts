/** A process that has just started: from the start of Node to the reply to the first post. */
import type { Case } from '../../case';
import { CLIENT_NAMES, type ClientName, type ClientOptions, openClient } from '../clients/client';
import { CLOUD } from '../place';
import { propertiesOf, THING_MODEL } from '../thing';

export const start: Case<ClientName>[] = [
  startOf({ name: 'start', what: 'first acknowledged post of a fresh process', atMost: 8 }),
  startOf({
    name: 'start-checked',
    what: 'the same, checked by a thing model (ours)',
    options: { thingModel: THING_MODEL },
  }),
];

interface Start {
  name: string;
  what: string;
  options?: ClientOptions;
  atMost?: number;
}

function startOf({ name, what, options, atMost }: Start): Case<ClientName> {
  return {
    name,
    clients: options ? ['raw', 'ours'] : CLIENT_NAMES,
    rounds: 15,
    counterpart: CLOUD,
    figures: [{ what, value: ({ ms = Number.NaN }) => ms, unit: 'ms', shown: 'more', atMost }],
    async measure(client, network) {
      const device = await openClient(client, options).connect(network, 1);
      await device.post(propertiesOf(1));
      return { ms: performance.now() };
    },
  };
}
