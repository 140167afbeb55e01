/**
 * One client in a fresh process doing one case. Prints its sample.
 *
 *   node subject.js <suite> <case> <client> <network>
 */
import type { Suite } from './case';

async function main(suiteName = '', caseName = '', client = '', network = ''): Promise<void> {
  const { suite }: { suite: Suite } = require(`./${suiteName}`);
  const measured = suite.cases.find(({ name }) => name === caseName);
  if (!measured?.clients.includes(client)) throw new Error(`no case ${caseName} or no client ${client}`);
  const sample = await measured.measure(client, Number(network));
  process.stdout.write(JSON.stringify(sample), () => process.exit());
}

void main(...process.argv.slice(2));
