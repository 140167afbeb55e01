/**
 * Posts while the cloud is away, kept in memory or on disk, and what was kept delivered in order. Only ours has an
 * outbox. The heap is looked at each 5,000 deliveries, its garbage collected: what it holds beyond what it held when
 * nothing was kept yet, and what all that is kept takes up.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Case, Sample } from '../../case';
import type { ClientName } from '../clients/client';
import { CLOUD, hostOf, PORT, tripleOf } from '../place';
import { THING_MODEL } from '../thing';
import { post } from '../workload';

type Aliyun = typeof import('../../../../lib/aliyun');
type Device = InstanceType<Aliyun['AliyunDevice']>;
type Place = 'memory' | 'disk';

const POSTS = 100_000;
const IN_FLIGHT = 256;
const LOOK_EACH = 5_000;
const MB = 1024 * 1024;
const OURS: ClientName[] = ['ours'];

export const outbox: Case<ClientName>[] = [
  keepingOf({ place: 'memory', atLeast: 20_000 }),
  keepingOf({ place: 'disk', atLeast: 5_000 }),
  drainingOf('memory'),
  drainingOf('disk'),
];

function keepingOf({ place, atLeast }: { place: Place; atLeast: number }): Case<ClientName> {
  return {
    name: `outbox-${place}`,
    clients: OURS,
    rounds: 3,
    figures: [
      {
        what: `posts kept in the outbox, ${place}`,
        value: ({ rate = Number.NaN }) => rate,
        unit: '/s',
        atLeast,
      },
    ],
    measure: (_client, network) =>
      withDevice(place, network, async (device) => {
        const startedAt = performance.now();
        await fill(device);
        return { rate: (POSTS / (performance.now() - startedAt)) * 1_000 };
      }),
  };
}

function drainingOf(place: Place): Case<ClientName> {
  const value = (sample: Sample, name: string) => sample[name] ?? Number.NaN;
  return {
    name: `drain-${place}`,
    clients: OURS,
    rounds: 1,
    counterpart: CLOUD,
    figures: [
      {
        what: `of 100,000 entries drained from ${place}`,
        value: (sample) => value(sample, 'posts'),
        unit: '',
        atLeast: POSTS,
      },
      {
        what: 'of them out of order',
        value: (sample) => value(sample, 'outOfOrder'),
        unit: '',
        atMost: 0,
      },
      { what: 'their rate', value: (sample) => value(sample, 'rate'), unit: '/s' },
      {
        what: 'heap growth, what is kept included',
        value: (sample) => value(sample, 'growth') / MB,
        unit: 'MB',
        atMost: 50,
      },
      { what: 'heap for what is kept', value: (sample) => value(sample, 'held') / MB, unit: 'MB' },
    ],
    measure: (_client, network) =>
      withDevice(place, network, async (device) => {
        const before = heap();
        await fill(device);
        const filled = heap();
        const startedAt = performance.now();
        const highest = await drain(device);
        const rate = (POSTS / (performance.now() - startedAt)) * 1_000;
        return { rate, growth: highest - before, held: filled - before };
      }),
  };
}

/** Not open yet: all that is posted is kept. */
async function withDevice(
  place: Place,
  network: number,
  work: (device: Device) => Promise<Sample>,
): Promise<Sample> {
  const { AliyunDevice, FileStore, MemoryStore }: Aliyun = require('../../../../dist/lib/aliyun');
  const directory = mkdtempSync(join(tmpdir(), 'mialink-bench-'));
  const endpoint = `${hostOf(network)}:${PORT}`;
  const settings = { ...tripleOf(1), endpoint, transport: 'tcp', uplinkRate: 0, outboxSizeMb: 100 } as const;
  const store = place === 'memory' ? new MemoryStore() : new FileStore(directory);
  const device = new AliyunDevice(settings, { thingModel: THING_MODEL, outbox: store });
  try {
    return await work(device);
  } finally {
    await device.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

function fill(device: Device): Promise<void> {
  return post({ post: (properties) => device.postProperties(properties) }, 0, POSTS, IN_FLIGHT);
}

/** The most that the heap has held. */
function drain(device: Device): Promise<number> {
  let highest = heap();
  return new Promise((resolve) => {
    device.on('kept', () => {
      const { kept } = device.waiting;
      if (kept % LOOK_EACH === 0) highest = Math.max(highest, heap());
      if (kept === 0) resolve(highest);
    });
    device.open();
  });
}

function heap(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}
