/**
 * One of the workers of a cluster, which listens to mDNS and asks once.
 *
 *   primary -> worker   LISTENING=Listening in the environment
 *   worker -> primary   the address of each device that is announced
 */
import { Mdns } from '../../lib/miio/mdns';

export interface Listening {
  /** Of the interface. */
  address: string;
  port: number;
}

function main({ address, port }: Listening): void {
  new Mdns([address], (announcement) => process.send?.(announcement.address), port).ask();
}

main(JSON.parse(process.env.LISTENING ?? ''));
