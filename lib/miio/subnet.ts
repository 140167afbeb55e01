/** Whether an address is in one of this machine's networks: many devices answer nobody from another one (pure). */
import { BlockList } from 'node:net';
import type { NetworkInterfaceInfo } from 'node:os';

/** True also when this machine's networks are not known. */
export function isNear(address: string, interfaces: NodeJS.Dict<NetworkInterfaceInfo[]>): boolean {
  // Whatever its name: a list of networks in which addresses are found.
  const networks = new BlockList();
  for (const { family, cidr } of Object.values(interfaces).flatMap((addresses) => addresses ?? [])) {
    if (family !== 'IPv4' || cidr === null) continue;
    const [own = '', prefix] = cidr.split('/');
    networks.addSubnet(own, Number(prefix));
  }
  return networks.rules.length === 0 || networks.check(address);
}
