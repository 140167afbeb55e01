/** Programs that run as the workers of a cluster: Node would have them share one UDP socket. */
import assert from 'node:assert/strict';
import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Commanding } from '../../support/commanding-worker';
import type { Listening } from '../../support/listening-worker';
import { Announcer } from './announcer';
import { pluggedIn } from './conversation';

const COMMANDS = 20;
const ANSWER = '127.54.12.99';
const ANNOUNCED = Array.from({ length: 20 }, (_, index) => `127.54.12.${100 + index}`);

describe('miIO in the workers of a cluster', () => {
  let workers: Worker[];

  afterEach(() => Promise.all(workers.map(ended)));

  /** A worker for each of `tasks`, which it finds in its environment under `name`. */
  function start(program: string, name: string, tasks: object[]): void {
    const exec = join(__dirname, `../../support/${program}.ts`);
    cluster.setupPrimary({ exec, execArgv: ['--import', 'tsx'], args: [] });
    workers = tasks.map((task) => cluster.fork({ [name]: JSON.stringify(task) }));
  }

  it('hears its own answers, and none of those for another worker', async () => {
    const devices = [await pluggedIn(), await pluggedIn()];
    const tasks = devices.map(
      ({ address, port, token }): Commanding => ({
        settings: { address, port, token, timeoutMs: 3_000 },
        commands: COMMANDS,
      }),
    );
    try {
      start('commanding-worker', 'COMMANDING', tasks);
      assert.deepEqual(await toldBy(workers), ['ready', 'ready']);
      for (const worker of workers) worker.send('go');
      const all = { answered: COMMANDS };
      assert.deepEqual(await toldBy(workers), [all, all]);
    } finally {
      await Promise.all(devices.map((device) => device.stop()));
    }
  });

  it('hears every announcement', async () => {
    const announcer = await Announcer.open('127.54.12.2');
    const task: Listening = { address: '127.54.12.1', port: announcer.port };
    try {
      announcer.announce('answer', ANSWER);
      start('listening-worker', 'LISTENING', [task, task]);
      assert.deepEqual(await toldBy(workers), [ANSWER, ANSWER]);
      const complete = Promise.all(workers.map((worker) => hearing(worker, ANNOUNCED)));
      for (const address of ANNOUNCED) await announcer.tell(address);
      await complete;
    } finally {
      await announcer.close();
    }
  });
});

/** The next message of each. */
async function toldBy(workers: Worker[]): Promise<unknown[]> {
  const messages = await Promise.all(workers.map((worker) => once(worker, 'message')));
  return messages.map(([message]) => message);
}

/** Resolves when the worker has told all of `addresses`. */
function hearing(worker: Worker, addresses: string[]): Promise<void> {
  const missing = new Set<unknown>(addresses);
  return new Promise((resolve) => {
    worker.on('message', (address) => {
      missing.delete(address);
      if (missing.size === 0) resolve();
    });
  });
}

async function ended(worker: Worker): Promise<void> {
  const exit = worker.isDead() ? undefined : once(worker, 'exit');
  worker.kill();
  await exit;
}
