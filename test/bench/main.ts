/**
 * `npm run bench`: this library beside other clients and a base that all are compared with, on one machine, in one run.
 *
 *   --only <name>   one suite (miio, aliyun, ota) or one case only, by its name in test/bench; may be given again
 *   --json          the rows as JSON instead of tables
 *
 * A sample is one client doing one case in a fresh process, with a fresh counterpart in another one. In every round
 * each client has its turn, so that whatever else the machine does disturbs all of them. Needs Linux, where every
 * address that begins with 127 is this machine.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { suite as aliyun } from './aliyun';
import type { Case, Sample, Suite } from './case';
import { compile } from './compile';
import { measure } from './measure';
import { suite as miio } from './miio';
import { suite as ota } from './ota';
import { PEERS_DIRECTORY } from './peer';
import { type Rounds, type Row, rowsOf, tableOf } from './table';

const SUITES: Suite[] = [miio, aliyun, ota];

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { only: { type: 'string', multiple: true }, json: { type: 'boolean' } },
  });
  const chosen = choose(values.only);
  installPeers();
  compile();
  const results: { suite: Suite; rows: Row[] }[] = [];
  for (const suite of chosen) {
    const rows: Row[] = [];
    for (const measured of suite.cases)
      rows.push(...rowsOf(suite.base, measured, await run(suite, measured)));
    results.push({ suite, rows });
  }
  const machine = `Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model.trim()}`;
  const date = new Date().toISOString().slice(0, 10);
  if (values.json) {
    console.log(JSON.stringify({ date, machine, rows: results.flatMap(({ rows }) => rows) }, null, 2));
    return;
  }
  for (const { suite, rows } of results) console.log(`\n${tableOf(suite, rows)}`);
  console.log(`\n${date}, ${machine}`);
}

/** The suites with the cases of `names`. */
function choose(names: string[] | undefined): Suite[] {
  const known = SUITES.flatMap((suite) => [suite.name, ...suite.cases.map(({ name }) => name)]);
  const unknown = names?.find((name) => !known.includes(name));
  if (unknown) throw new Error(`no case ${unknown}; there are ${known.join(', ')}`);
  return SUITES.map((suite) => ({
    ...suite,
    cases: suite.cases.filter(({ name }) => !names || names.includes(suite.name) || names.includes(name)),
  })).filter(({ cases }) => cases.length > 0);
}

/** `npm ci`, unless they are as new as their lock file. */
function installPeers(): void {
  const installed = join(PEERS_DIRECTORY, 'node_modules/.package-lock.json');
  const lock = join(PEERS_DIRECTORY, 'package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
  const options = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel', 'error'];
  execFileSync('npm', options, { cwd: PEERS_DIRECTORY, stdio: ['ignore', 'ignore', 'inherit'] });
}

async function run(suite: Suite, measured: Case): Promise<Rounds> {
  const rounds: Rounds = [];
  for (let round = 1; round <= measured.rounds; round++) {
    process.stderr.write(`${measured.name}, round ${round} of ${measured.rounds}\n`);
    const sample = async (client: string) => [client, await measure(suite.name, measured, client)] as const;
    const samples: (readonly [string, Sample | undefined])[] = [];
    if (measured.sideBySide) samples.push(...(await Promise.all(measured.clients.map(sample))));
    else for (const client of measured.clients) samples.push(await sample(client));
    rounds.push(Object.fromEntries(samples));
  }
  return rounds;
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
