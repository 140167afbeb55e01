/**
 * One client in a fresh process doing one case. Prints its sample.
 *
 *   node subject.js <case> <client> <network>
 */
import { CASES } from './cases';
import { CLIENT_NAMES, openClient } from './clients/client';

async function main(caseName = '', clientName = '', network = ''): Promise<void> {
  const measured = CASES.find(({ name }) => name === caseName);
  const client = CLIENT_NAMES.find((name) => name === clientName);
  if (!measured || !client) throw new Error(`no case ${caseName} or no client ${clientName}`);
  const sample = await measured.measure((patience) => openClient(client, patience), Number(network));
  process.stdout.write(JSON.stringify(sample), () => process.exit());
}

void main(...process.argv.slice(2));
