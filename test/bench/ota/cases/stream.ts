/**
 * A firmware of 16 MB over MQTT, in blocks of 128 KB, one after the other, its MD5 computed, on the disk to stay: ours
 * from the notice on, with checksums and progress, beside mqtt.js that does no more than write down what comes.
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Case } from '../../case';
import type { ClientName } from '../clients/client';
import { hostOf, MB, md5Of } from '../place';
import { STREAM_CLOUD, STREAM_MB, STREAM_PORT } from '../stream-place';

type Aliyun = typeof import('../../../../lib/aliyun');
type Ota = typeof import('../../../../lib/aliyun/ota');
type Mqtt = typeof import('mqtt');

/** A client that is connected: `fetch` resolves when the firmware is verified and on the disk. */
interface Client {
  fetch(turn: number): Promise<void>;
  close(): Promise<void>;
}

const TURNS = 8;
/** Turns before, until the code is compiled. */
const WARM_UP = 2;
const BLOCK = 131_072;
const TRIPLE = {
  productKey: 'a1b2c3d4e5f',
  deviceName: 'lamp-1',
  deviceSecret: 'c0ffee00c0ffee00c0ffee00c0ffee00',
};

export const stream: Case<ClientName>[] = [
  {
    name: 'stream-16',
    clients: ['bare', 'ours'],
    rounds: 3,
    counterpart: STREAM_CLOUD,
    figures: [
      {
        what: `${STREAM_MB} MB over MQTT`,
        value: ({ rate = Number.NaN }) => rate,
        unit: 'MB/s',
        atLeast: 20,
      },
      {
        what: 'beside mqtt.js alone',
        value: ({ rate = Number.NaN }) => rate,
        unit: 'MB/s',
        shown: 'ratio',
      },
    ],
    async measure(name, network) {
      const directory = mkdtempSync(join(tmpdir(), 'mialink-bench-'));
      const client = await (name === 'bare' ? bare : ours)(network, directory);
      try {
        for (let turn = 0; turn < WARM_UP; turn++) await client.fetch(turn);
        const startedAt = performance.now();
        for (let turn = 0; turn < TURNS; turn++) await client.fetch(WARM_UP + turn);
        return { rate: (TURNS * STREAM_MB) / ((performance.now() - startedAt) / 1_000) };
      } finally {
        await client.close();
        rmSync(directory, { recursive: true, force: true });
      }
    },
  },
];

async function ours(network: number, directory: string): Promise<Client> {
  const { AliyunDevice }: Aliyun = require('../../../../dist/lib/aliyun');
  const { OtaClient }: Ota = require('../../../../dist/lib/aliyun/ota');
  const endpoint = `${hostOf(network)}:${STREAM_PORT}`;
  const device = new AliyunDevice({ ...TRIPLE, endpoint, transport: 'tcp', uplinkRate: 0 });
  const client = new OtaClient(device, { directory });
  client.start();
  device.open();
  await new Promise<void>((resolve) => {
    device.on('state', (state) => state === 'connected' && resolve());
  });
  return {
    async fetch(turn) {
      const fetched = new Promise<string[]>((resolve, reject) => {
        client.once('firmware', ({ paths }) => resolve(paths));
        client.once('failed', reject);
      });
      // The cloud offers the next version at once.
      await client.informVersion(String(turn));
      for (const path of await fetched) rmSync(path);
      client.removeAllListeners();
    },
    async close() {
      await client.close();
      await device.close();
    },
  };
}

async function bare(network: number, directory: string): Promise<Client> {
  const { connectAsync }: Mqtt = require('mqtt');
  const client = await connectAsync(`mqtt://${hostOf(network)}:${STREAM_PORT}`, { reconnectPeriod: 0 });
  const topic = `/sys/${TRIPLE.productKey}/${TRIPLE.deviceName}/thing/file/download`;
  await client.subscribeAsync(`${topic}_reply`);
  const md5 = md5Of(STREAM_MB);
  return {
    async fetch(turn) {
      const path = join(directory, `${turn}.bin`);
      const file = await open(path, 'wx');
      const hash = createHash('md5');
      for (let offset = 0; offset < STREAM_MB * MB; offset += BLOCK) {
        const reply = new Promise<Buffer>((resolve) => {
          client.once('message', (_, payload) => resolve(payload));
        });
        const fileBlock = { size: BLOCK, offset };
        const params = { fileInfo: { streamId: 1, fileId: 1 }, fileBlock };
        client.publish(topic, JSON.stringify({ id: String(offset), version: '1.0', params }));
        const message = await reply;
        const bytes = message.subarray(2 + message.readUInt16BE(0), -2);
        hash.update(bytes);
        await file.write(bytes);
      }
      await file.sync();
      await file.close();
      if (hash.digest('hex') !== md5) throw new Error('another digest');
      rmSync(path);
    },
    close: () => client.endAsync(true),
  };
}
