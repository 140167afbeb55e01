/**
 * A firmware fetched over HTTPS, its MD5 computed, on the disk to stay. The clients take turns in one process, since
 * other programs disturb; who is measured is compared with the bare stream and with curl of the same turn.
 */
import type { Case, Sample } from '../../case';
import { CLIENT_NAMES, type ClientName, openClient } from '../clients/client';
import { SERVER } from '../place';
import { firmwareOf, timed, withPlace } from '../workload';

export const https: Case<ClientName>[] = [
  httpsOf({ megabytes: 64, turns: 9 }),
  httpsOf({ megabytes: 512, turns: 3 }),
];

function httpsOf({ megabytes, turns }: { megabytes: number; turns: number }): Case<ClientName> {
  const value =
    (name: string) =>
    (sample: Sample): number =>
      sample[name] ?? Number.NaN;
  return {
    name: `https-${megabytes}`,
    clients: CLIENT_NAMES,
    rounds: 3,
    counterpart: SERVER,
    figures: [
      {
        what: `${megabytes} MB over HTTPS, digest and disk, beside the bare stream`,
        value: value('besideBare'),
        unit: '',
        atLeast: 0.95,
      },
      {
        what: 'beside curl, piped through tee to md5sum',
        value: value('besideCurl'),
        unit: '',
        atLeast: 0.9,
      },
      { what: 'its rate', value: value('rate'), unit: 'MB/s' },
    ],
    measure: (name, network) =>
      withPlace(network, async (place) => {
        const firmware = firmwareOf(network, megabytes);
        const clients = CLIENT_NAMES.map((client) => ({ client, download: openClient(client) }));
        const samples: Sample[] = [];
        for (let turn = 0; turn < turns; turn++) {
          const first = turn % clients.length;
          const ms: Record<string, number> = {};
          // Who comes later may have it better: each begins in its turn.
          for (const { client, download } of [...clients.slice(first), ...clients.slice(0, first)]) {
            ms[client] = await timed(download, firmware, place);
          }
          const { bare = Number.NaN, curl = Number.NaN, [name]: mine = Number.NaN } = ms;
          samples.push({
            besideBare: bare / mine,
            besideCurl: curl / mine,
            rate: megabytes / (mine / 1_000),
          });
        }
        return medianOf(samples);
      }),
  };
}

function medianOf(samples: Sample[]): Sample {
  const names = Object.keys(samples[0] ?? {});
  return Object.fromEntries(
    names.map((name) => [name, median(samples.map((sample) => sample[name] ?? Number.NaN))]),
  );
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
