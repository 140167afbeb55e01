/**
 * Devices behind a bad network, every client with its default settings unless the row says otherwise. When an answer is
 * lost, only executing the command again brings one; a good client does not do that while the answer is on its way, nor
 * when the next one would come too late. A device that needs 4 s is as slow as a Wi-Fi module that waits for its
 * microcontroller.
 */

import type { Case, Figure, Sample } from '../../case';
import { type ClientName, openClient, type Patience, RETRYING } from '../clients/client';
import { type HomeOptions, homeOf } from '../home';
import { connectAll, percentile, sequences } from '../workload';

const answeredOf = (what: string, commands: number, atLeast?: number): Figure => ({
  what,
  value: ({ answered = Number.NaN }) => (100 * answered) / commands,
  unit: '%',
  atLeast,
});
const p50: Figure = { what: 'p50', value: ({ p50 = Number.NaN }) => p50, unit: 'ms' };
const p95: Figure = { what: 'p95', value: ({ p95 = Number.NaN }) => p95, unit: 'ms' };
const p99: Figure = { what: 'p99', value: ({ p99 = Number.NaN }) => p99, unit: 'ms' };
const executedTwice: Figure = {
  what: 'executed twice',
  value: ({ executedTwice = Number.NaN }) => executedTwice,
  unit: '',
};
const executedInVain: Figure = {
  what: 'executed twice though the answer was under way',
  value: ({ executedInVain = Number.NaN }) => executedInVain,
  unit: '',
};

export const loss: Case<ClientName>[] = [
  onNetwork({
    name: 'loss-10',
    home: { devices: 50, delayMs: 50, loss: 0.1 },
    each: 10,
    limitMs: 25_000,
    figures: [
      answeredOf('10 % loss each way, 50 ms, answered of 500', 500, 100),
      p50,
      { ...p95, atMost: 1_500 },
      p99,
      executedTwice,
      { ...executedInVain, atMost: 0 },
    ],
  }),
  onNetwork({
    name: 'slow',
    home: { devices: 250, delayMs: 4_000 },
    each: 2,
    limitMs: 14_000,
    figures: [
      answeredOf('a device that needs 4 s, answered of 500', 500, 100),
      { ...executedTwice, atMost: 0 },
    ],
  }),
  onNetwork({
    name: 'slow-loss-10',
    home: { devices: 250, delayMs: 4_000, loss: 0.1 },
    each: 2,
    limitMs: 22_000,
    figures: [
      answeredOf('the same with 10 % loss each way', 500),
      { ...executedTwice, atMost: 0 },
      { ...executedInVain, atMost: 0 },
    ],
  }),
  onNetwork({
    name: 'loss-30',
    home: { devices: 500, delayMs: 50, loss: 0.3 },
    each: 4,
    // Four ids, as many as the default settings allow, cannot do it: all four answers are lost 8 times in a thousand.
    patience: { retries: 6, timeoutMs: 20_000 },
    limitMs: 40_000,
    figures: [
      answeredOf('30 % loss each way, 50 ms, answered of 2,000 (ours: retries 6)', 2_000, 99.9),
      p50,
      p95,
      p99,
    ],
  }),
];

interface Network {
  name: string;
  home: HomeOptions;
  /** Commands for each device, one after the other. */
  each: number;
  limitMs: number;
  /** Of ours; missing: the default settings. */
  patience?: Patience;
  figures: Figure[];
}

function onNetwork({ name, home, each, limitMs, patience, figures }: Network): Case<ClientName> {
  return {
    name,
    clients: RETRYING,
    rounds: 1,
    sideBySide: true,
    counterpart: homeOf(home),
    figures,
    async measure(client, network): Promise<Sample> {
      const devices = await connectAll(openClient(client, patience), network, home.devices);
      const { answered, durations } = await sequences(devices, each, limitMs);
      return {
        answered,
        p50: percentile(durations, 0.5),
        p95: percentile(durations, 0.95),
        p99: percentile(durations, 0.99),
      };
    },
  };
}
