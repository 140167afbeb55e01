/**
 * Acknowledged posts a second, all properties in each; ours checks them by the thing model. Every client is measured in
 * short turns with raw, in one process and to one cloud, since the differences are small and other programs disturb; so
 * is raw itself, whose ratio tells the error.
 */
import type { Case } from '../../case';
import { CLIENT_NAMES, type ClientName, type Device, openClient } from '../clients/client';
import { CLOUD } from '../place';
import { THING_MODEL } from '../thing';
import { median, post } from '../workload';

/** An even number, so that each is as often the first. */
const TURNS = 30;
/** Turns before, until the code is compiled. */
const WARM_UP = 8;

export const posts: Case<ClientName>[] = [
  postsOf({ inFlight: 1, each: 300 }),
  postsOf({ inFlight: 16, each: 1_200 }),
  postsOf({ inFlight: 256, each: 2_000 }),
];

function postsOf({ inFlight, each }: { inFlight: number; each: number }): Case<ClientName> {
  return {
    name: `posts-${inFlight}`,
    clients: CLIENT_NAMES,
    rounds: 5,
    counterpart: CLOUD,
    figures: [
      {
        what: `acknowledged posts, ${inFlight} in flight (ratio)`,
        value: ({ ratio = Number.NaN }) => ratio,
        unit: '',
        atLeast: 0.95,
      },
      { what: 'their rate', value: ({ rate = Number.NaN }) => rate, unit: '/s' },
      {
        what: 'CPU for each of them (ratio)',
        value: ({ cpuRatio = Number.NaN }) => cpuRatio,
        unit: '',
      },
      {
        what: "the cloud's part of all CPU",
        value: ({ cloudCpu = Number.NaN, cpu = Number.NaN }) => (100 * cloudCpu) / (cloudCpu + cpu),
        unit: '%',
      },
    ],
    async measure(name, network) {
      const raw = await openClient('raw').connect(network, 1);
      const device = await openClient(name, { thingModel: THING_MODEL }).connect(network, 2);
      const turnOf = (one: Device, turn: number) => taken(one, turn * each, (turn + 1) * each, inFlight);
      for (let turn = 0; turn < WARM_UP; turn++) {
        await turnOf(raw, turn);
        await turnOf(device, turn);
      }
      const ratios: number[] = [];
      const cpuRatios: number[] = [];
      const rates: number[] = [];
      for (let turn = 0; turn < TURNS; turn++) {
        // Who comes second has it better: they take it in turns.
        const before = turn % 2 === 0 ? await turnOf(raw, turn) : undefined;
        const ofDevice = await turnOf(device, turn);
        const ofRaw = before ?? (await turnOf(raw, turn));
        ratios.push(ofRaw.ms / ofDevice.ms);
        cpuRatios.push(ofDevice.cpu / ofRaw.cpu);
        rates.push((each / ofDevice.ms) * 1_000);
      }
      const { user, system } = process.cpuUsage();
      return {
        ratio: median(ratios),
        cpuRatio: median(cpuRatios),
        rate: median(rates),
        cpu: user + system,
      };
    },
  };
}

async function taken(device: Device, from: number, to: number, inFlight: number) {
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  await post(device, from, to, inFlight);
  const { user, system } = process.cpuUsage(cpuBefore);
  return { ms: performance.now() - startedAt, cpu: user + system };
}
