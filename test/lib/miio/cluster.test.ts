/** Programs that run as the workers of a cluster: Node would have them share one UDP socket. */
import assert from 'node:assert/strict';
import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { join } from 'node:path';
import type { SimulatedDevice } from '../../simulators/home';
import type { Commanding } from '../../support/commanding-worker';
import { pluggedIn } from './conversation';

const COMMANDS = 20;

describe('miIO in the workers of a cluster', () => {
  let devices: SimulatedDevice[];
  let workers: Worker[];

  beforeEach(async () => {
    devices = [await pluggedIn(), await pluggedIn()];
    const exec = join(__dirname, '../../support/commanding-worker.ts');
    cluster.setupPrimary({ exec, execArgv: ['--import', 'tsx'], args: [] });
  });

  afterEach(async () => {
    await Promise.all(workers.map(ended));
    await Promise.all(devices.map((device) => device.stop()));
  });

  it('hears its own answers, and none of those for another worker', async () => {
    workers = devices.map(({ address, port, token }) => {
      const commanding: Commanding = {
        settings: { address, port, token, timeoutMs: 3_000 },
        commands: COMMANDS,
      };
      return cluster.fork({ COMMANDING: JSON.stringify(commanding) });
    });
    assert.deepEqual(await toldBy(workers), ['ready', 'ready']);
    for (const worker of workers) worker.send('go');
    const all = { answered: COMMANDS };
    assert.deepEqual(await toldBy(workers), [all, all]);
  });
});

/** The next message of each. */
async function toldBy(workers: Worker[]): Promise<unknown[]> {
  const messages = await Promise.all(workers.map((worker) => once(worker, 'message')));
  return messages.map(([message]) => message);
}

async function ended(worker: Worker): Promise<void> {
  const exit = worker.isDead() ? undefined : once(worker, 'exit');
  worker.kill();
  await exit;
}
