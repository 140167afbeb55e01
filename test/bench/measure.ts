/** One sample: the client in one process, its counterpart in another. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Case, Counterpart, Sample } from './case';
import { COMPILED } from './compile';

/** Longer than any case waits for its clients. */
const LIMIT_MS = 300_000;

/** 127.1 to 127.250 are used in turn, so that samples at the same time do not meet. */
const NETWORKS = 250;
let lastNetwork = process.pid % NETWORKS;

/** Undefined if the client's process failed; it tells why on the error output. */
export async function measure(suite: string, measured: Case, client: string): Promise<Sample | undefined> {
  lastNetwork = (lastNetwork % NETWORKS) + 1;
  const network = lastNetwork;
  const { counterpart } = measured;
  const partner = counterpart && (await startCounterpart(suite, network, counterpart));
  const output = await outputOf(start('subject', suite, measured.name, client, String(network)));
  const seen = await partner?.stop();
  return output === '' ? undefined : { ...parse(output), ...seen };
}

async function startCounterpart(
  suite: string,
  network: number,
  { program, options = {} }: Counterpart,
): Promise<{ stop(): Promise<Sample> }> {
  const child = start(join(suite, program), String(network), JSON.stringify(options));
  const output = outputOf(child);
  const failed = output.then(() => {
    throw new Error(`${suite}/${program} did not start: is its port taken by another program?`);
  });
  await Promise.race([failed, new Promise((resolve) => child.stdout?.once('data', resolve))]);
  return {
    stop: async () => {
      child.stdin?.end();
      const seen = (await output).split('\n').at(-1);
      return seen ? parse(seen) : {};
    },
  };
}

/** NaN travels as null. */
function parse(text: string): Sample {
  return JSON.parse(text, (_, value) => value ?? Number.NaN);
}

/** A compiled program of this folder, in plain Node: a loader of TypeScript would be measured with it. */
function start(program: string, ...parameters: string[]): ChildProcess {
  return spawn(
    process.execPath,
    ['--expose-gc', '--no-warnings', join(COMPILED, `${program}.js`), ...parameters],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
      timeout: LIMIT_MS,
      killSignal: 'SIGKILL',
    },
  );
}

function outputOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.on('error', reject);
    child.on('close', () => resolve(output));
  });
}
