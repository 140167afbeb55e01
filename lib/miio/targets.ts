/**
 * Where discovery says hello: the text that a person enters, and the broadcast addresses of this machine. Pure.
 */
import { isIPv4 } from 'node:net';
import type { NetworkInterfaceInfo } from 'node:os';
import ipaddr from 'ipaddr.js';
import { MialinkError } from '../errors';
import { MIIO_PORT } from './packet';

export interface Target {
  /** IPv4 address or host name. */
  address: string;
  port: number;
  /** Local address to send from; blank: chosen by the system. */
  from: string;
  /** Everybody who hears it may answer, not only `address`; undefined: its address will show that. */
  broadcast?: boolean;
  /** The host name that was resolved to `address`. */
  name?: string;
}

/** A /20: more is not a home, and would flood it. */
const LARGEST_NETWORK = 4_096;
const HOST_NAME =
  /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*\.?$/i;

/**
 * Reads IPv4 addresses (broadcast ones too), host names and CIDR networks, separated by commas or white space, each
 * with an optional `:port`. Throws `targetInvalid` or `targetTooLarge`.
 */
export function parseTargets(text: string, from = ''): Target[] {
  const words = text.split(/[\s,;]+/).filter((word) => word !== '');
  const targets = words.flatMap((word) => parseTarget(word, from));
  return [...new Map(targets.map((target) => [`${target.address}:${target.port}`, target])).values()];
}

function parseTarget(word: string, from: string): Target[] {
  const [, host = '', portText] = /^(.*?)(?::(\d{1,5}))?$/.exec(word) ?? [];
  const port = portText === undefined ? MIIO_PORT : Number(portText);
  if (port < 1 || port > 65_535) throw new MialinkError('targetInvalid', { target: word });
  // A host of a large network may well end in .255.
  if (host.includes('/'))
    return networkHosts(host).map((address) => ({ address, port, from, broadcast: false }));
  // Only digits and dots, but no address: a typing error, not a host name.
  if (!isIPv4(host) && (!HOST_NAME.test(host) || /^[\d.]+$/.test(host))) {
    throw new MialinkError('targetInvalid', { target: word });
  }
  return [{ address: host, port, from }];
}

/** Every host address of a network; network and broadcast address left out, except in a /31 and a /32. */
function networkHosts(cidr: string): string[] {
  if (!ipaddr.IPv4.isValidCIDR(cidr) || !isIPv4(cidr.slice(0, cidr.indexOf('/')))) {
    throw new MialinkError('targetInvalid', { target: cidr });
  }
  const [, prefix] = ipaddr.IPv4.parseCIDR(cidr);
  const size = 2 ** (32 - prefix);
  if (size > LARGEST_NETWORK)
    throw new MialinkError('targetTooLarge', { target: cidr, limit: LARGEST_NETWORK });
  const first = toNumber(ipaddr.IPv4.networkAddressFromCIDR(cidr).octets);
  const all = Array.from({ length: size }, (_, offset) => toAddress(first + offset));
  return size > 2 ? all.slice(1, -1) : all;
}

/** The directed broadcast of every IPv4 interface that has one, sent from that interface's own address. */
export function broadcastTargets(interfaces: NodeJS.Dict<NetworkInterfaceInfo[]>): Target[] {
  return Object.values(interfaces)
    .flatMap((addresses) => addresses ?? [])
    .filter(
      (entry) =>
        entry.family === 'IPv4' && !entry.internal && entry.cidr !== null && !/\/3[12]$/.test(entry.cidr),
    )
    .map((entry) => ({
      address: ipaddr.IPv4.broadcastAddressFromCIDR(entry.cidr ?? '').toString(),
      port: MIIO_PORT,
      from: entry.address,
      broadcast: true,
    }));
}

function toNumber(octets: number[]): number {
  return octets.reduce((value, octet) => value * 256 + octet, 0);
}

function toAddress(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}
