/**
 * `npm run bench`: this library beside two other clients and the floor, on one machine, in one run.
 *
 *   --only <case>   one case only, by its name in test/bench/cases; may be given again
 *   --json          the rows as JSON instead of a table
 *
 * A sample is one client doing one case in a fresh process, with fresh devices in another one. In every round each
 * client has its turn, so that whatever else the machine does disturbs all of them. Needs Linux, where every address
 * that begins with 127 is this machine.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CASES } from './cases';
import type { Case, Measured } from './cases/case';
import type { ClientName } from './clients/client';
import { PEERS_DIRECTORY } from './clients/peer';
import { compile } from './compile';
import { measure } from './measure';
import { type Rounds, type Row, rowsOf, tableOf } from './table';

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { only: { type: 'string', multiple: true }, json: { type: 'boolean' } },
  });
  const cases = choose(values.only);
  installPeers();
  compile();
  const rows: Row[] = [];
  for (const measured of cases) rows.push(...rowsOf(measured, await run(measured)));
  const machine = `Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model.trim()}`;
  const date = new Date().toISOString().slice(0, 10);
  if (values.json) console.log(JSON.stringify({ date, machine, rows }, null, 2));
  else console.log(`\n${tableOf(rows)}\n\n${date}, ${machine}`);
}

function choose(names: string[] | undefined): Case[] {
  const unknown = names?.find((only) => CASES.every(({ name }) => name !== only));
  if (unknown) throw new Error(`no case ${unknown}; there are ${CASES.map(({ name }) => name).join(', ')}`);
  return CASES.filter(({ name }) => names?.includes(name) ?? true);
}

function installPeers(): void {
  if (existsSync(join(PEERS_DIRECTORY, 'node_modules/.package-lock.json'))) return;
  const options = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel', 'error'];
  execFileSync('npm', options, { cwd: PEERS_DIRECTORY, stdio: ['ignore', 'ignore', 'inherit'] });
}

async function run(measured: Case): Promise<Rounds> {
  const rounds: Rounds = [];
  for (let round = 1; round <= measured.rounds; round++) {
    process.stderr.write(`${measured.name}, round ${round} of ${measured.rounds}\n`);
    const sample = async (client: ClientName) => [client, await measure(measured, client)] as const;
    const samples: (readonly [ClientName, Measured | undefined])[] = [];
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
