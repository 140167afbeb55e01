/** Which IP addresses lie in the open internet (pure): all others are of somebody's own network, or of this machine. */
import { IPv4, IPv6, parse } from 'ipaddr.js';

/** False for private, loopback, link-local, shared and reserved addresses, and for what is no IP address. */
export function isPublicAddress(address: string): boolean {
  try {
    return innermost(parse(address)).range() === 'unicast';
  } catch {
    return false;
  }
}

/** The IPv4 address in an IPv6 one: mapped, or translated where the network has no IPv4 (RFC 6052). */
function innermost(address: IPv4 | IPv6): IPv4 | IPv6 {
  if (!(address instanceof IPv6)) return address;
  if (address.isIPv4MappedAddress()) return address.toIPv4Address();
  return address.range() === 'rfc6052' ? new IPv4(address.toByteArray().slice(-4)) : address;
}
