/**
 * A registering process is killed before each thing that it does to store the answer. Whatever is left: the next process
 * has the secret that the cloud gave out last, and registers a second time only if nothing was stored.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Bench } from './bench';

interface Life {
  /** What it was about to do, in order; the last one is where it died. */
  steps: string[];
  /** The credentials that it got, if it lived to see them. */
  credentials: unknown;
  signal: NodeJS.Signals | null;
}

const children = new Set<ChildProcess>();

/** `deadly`: the number of the step before which it is killed; none: it lives. */
function live(bench: Bench, deadly = Number.POSITIVE_INFINITY): Promise<Life> {
  const child = fork(join(__dirname, 'crash-child.ts'), { execArgv: ['--import', 'tsx'] });
  children.add(child);
  const life: Life = { steps: [], credentials: undefined, signal: null };
  child.on('message', (message) => {
    if (typeof message === 'string') {
      life.steps.push(message);
      if (life.steps.length - 1 === deadly) child.kill('SIGKILL');
      else child.send('go on');
    } else life.credentials = message;
  });
  child.send(bench.place);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (_code, signal) => resolve({ ...life, signal }));
  });
}

describe('a process that registers', () => {
  let bench: Bench;
  let steps: string[];

  before(async () => {
    bench = await Bench.start();
    const life = await live(bench);
    await bench.close();
    assert.deepEqual(life.credentials, { deviceSecret: 'topsecret-1' });
    steps = life.steps;
  });
  beforeEach(async () => {
    bench = await Bench.start();
  });
  afterEach(async () => {
    for (const child of children) child.kill('SIGKILL');
    await bench.close();
  });

  it('has the file, its name and its directory synced before the credentials are given', () => {
    const directory = ['open directory', 'sync', 'close'];
    const draft = ['rm .new', 'open .new', 'write', 'sync', 'close'];
    const rehearsal = ['mkdir', ...directory, ...draft, 'rm .new'];
    assert.deepEqual(steps, [...rehearsal, 'mkdir', ...draft, 'rename .new', ...directory]);
  });

  it('can be killed at each step on the way to the disk', async () => {
    // Before the last of the rehearsal the disk has seen nothing but blanks.
    const first = steps.lastIndexOf('mkdir') - 1;
    for (const [index, step] of steps.slice(first).entries()) {
      const deadly = first + index;
      const life = await live(bench, deadly);
      assert.deepEqual([life.signal, life.credentials], ['SIGKILL', undefined], step);
      assert.deepEqual(life.steps, steps.slice(0, deadly + 1));

      const isStored = steps.indexOf('rename .new') < deadly;
      const { asked } = bench.registrar;
      const credentials = await bench.registration().credentials();
      assert.deepEqual(credentials, { deviceSecret: bench.registrar.lastSecret }, step);
      assert.equal(bench.registrar.asked - asked, isStored ? 0 : 1, `killed before ${step} (${deadly})`);
      await bench.path();
      await rm(bench.directory, { recursive: true });
    }
  }).timeout(120_000);
});
