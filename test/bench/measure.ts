/** One sample: the devices in one process, the client in another. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Case, Measured, Sample } from './cases/case';
import type { ClientName } from './clients/client';
import { COMPILED } from './compile';
import type { Counts, HomeOptions } from './home';

/** Longer than any case waits for its commands. */
const LIMIT_MS = 90_000;
const NO_COUNTS: Counts = {
  executed: 0,
  executedTwice: 0,
  executedInVain: 0,
  firstPacketAt: Number.NaN,
};

/** 127.1 to 127.250 are used in turn, so that samples at the same time do not meet. */
const NETWORKS = 250;
let lastNetwork = process.pid % NETWORKS;

/** Undefined if the client's process failed; it tells why on the error output. */
export async function measure({ name, home }: Case, client: ClientName): Promise<Measured | undefined> {
  lastNetwork = (lastNetwork % NETWORKS) + 1;
  const network = lastNetwork;
  const devices = home && (await startDevices(network, home));
  const output = await outputOf(start('subject', name, client, String(network)));
  const counts = devices ? await devices.stop() : NO_COUNTS;
  return output === '' ? undefined : { ...parse<Sample>(output), ...counts };
}

async function startDevices(network: number, options: HomeOptions): Promise<{ stop(): Promise<Counts> }> {
  const child = start('devices', String(network), JSON.stringify(options));
  const output = outputOf(child);
  const failed = output.then(() => {
    throw new Error('the devices did not start: is UDP port 54321 taken by another program?');
  });
  await Promise.race([failed, new Promise((resolve) => child.stdout?.once('data', resolve))]);
  return {
    stop: async () => {
      child.stdin?.end();
      const counts = (await output).split('\n').at(-1);
      return counts ? parse(counts) : NO_COUNTS;
    },
  };
}

/** NaN travels as null. */
function parse<Numbers>(text: string): Numbers {
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
