/**
 * One of the workers of a cluster, which commands a device.
 *
 *   primary -> worker   COMMANDING=Commanding in the environment
 *   worker -> primary   'ready'              after one command
 *   primary -> worker   'go'                 to send the others, none of them twice
 *   worker -> primary   {answered: number}   when all are settled
 */
import { once } from 'node:events';
import { type DeviceSettings, Network } from '../../lib/miio';

export interface Commanding {
  settings: DeviceSettings;
  commands: number;
}

async function main({ settings, commands }: Commanding): Promise<void> {
  const network = new Network();
  const device = network.device(settings);
  await device.call('echo');
  process.send?.('ready');
  await once(process, 'message');
  const calls = Array.from({ length: commands }, () => device.call('echo', [], { retries: 0 }));
  const outcomes = await Promise.allSettled(calls);
  const answered = outcomes.filter(({ status }) => status === 'fulfilled').length;
  await network.close();
  process.send?.({ answered });
}

void main(JSON.parse(process.env.COMMANDING ?? ''));
