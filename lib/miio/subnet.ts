/** Whether an address is in one of this machine's networks: many devices answer nobody from another one (pure). */
import type { NetworkInterfaceInfo } from 'node:os';
import ipaddr from 'ipaddr.js';

/** True also when this machine's networks are not known. */
export function isNear(address: string, interfaces: NodeJS.Dict<NetworkInterfaceInfo[]>): boolean {
  const networks = Object.values(interfaces)
    .flatMap((addresses) => addresses ?? [])
    .flatMap(({ family, cidr }) => (family === 'IPv4' && cidr !== null ? [ipaddr.IPv4.parseCIDR(cidr)] : []));
  const parsed = ipaddr.IPv4.parse(address);
  return networks.length === 0 || networks.some((network) => parsed.match(network));
}
