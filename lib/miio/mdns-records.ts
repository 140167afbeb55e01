/**
 * What miIO devices announce by mDNS. Pure: reads records that anybody in the network may have sent.
 *
 *   PTR  _miio._udp.local                                    -> yeelink-light-color1_miio12345678._miio._udp.local
 *   SRV  yeelink-light-color1_miio12345678._miio._udp.local  -> port 54321 of yeelink-light-color1_miio12345678.local
 *   A    yeelink-light-color1_miio12345678.local             -> 192.168.1.5
 *
 * The name is the model with `-` for `.`, then `_miio` and the decimal did; it is the DHCP host name, too. The first
 * vacuum is called `rockrobo` and no more. Source: RFC 6763; the names as python-miio and aholstenson/miio meet them.
 */
import { isIPv4 } from 'node:net';
import ipaddr from 'ipaddr.js';
import { isRecord } from '../untrusted';
import { MIIO_PORT } from './packet';

/** What a device's name tells. */
export interface DeviceName {
  name: string;
  /** Such as `yeelink.light.color1`. */
  model?: string;
  /** Decimal. */
  deviceId?: string;
}

/** A device that is said to be at this address; only its answer to hello is a proof. */
export interface Announcement extends DeviceName {
  address: string;
  port: number;
}

/** A record as it was decoded; `data` is of the type that the record's type has, if the sender was honest. */
export interface DnsRecord {
  name: string;
  type: string;
  data?: unknown;
}

/** Under this name miIO devices announce themselves. */
export const SERVICE = '_miio._udp.local';

/** One message holds no more of a home; the rest is not read. */
const MOST_RECORDS = 256;
/** A label of the domain name system. */
const NAME = /^[\w.-]{1,63}$/;
/** Vendor, type and the maker's name of it. */
const MODEL = /^[a-z0-9_]+(-[a-z0-9_]+){2,}$/i;
const LARGEST_DEVICE_ID = 2n ** 64n - 1n;
/** What ipaddr.js calls the addresses of one host. */
const OF_ONE_HOST = ['unicast', 'private', 'loopback', 'linkLocal', 'carrierGradeNat'];

/** Undefined where the text is no device's name. */
export function readName(name: string): DeviceName | undefined {
  if (!NAME.test(name)) return undefined;
  // A model may contain `_`, so that only the last `_miio` divides it from the did.
  const [, kind, did] = /^(.+)_miio(\d{1,20})$/.exec(name) ?? [];
  const model = modelOf(kind, name);
  const deviceId = did === undefined ? undefined : deviceIdOf(BigInt(did));
  return { name, ...(model ? { model } : {}), ...(deviceId ? { deviceId } : {}) };
}

function modelOf(kind: string | undefined, name: string): string | undefined {
  if (kind !== undefined && MODEL.test(kind)) return kind.replaceAll('-', '.');
  return /^rockrobo/i.test(name) ? 'rockrobo.vacuum.v1' : undefined;
}

function deviceIdOf(did: bigint): string | undefined {
  return did > 0n && did <= LARGEST_DEVICE_ID ? did.toString() : undefined;
}

/**
 * The devices in the records of one message. Where it tells a name alone, the device is at `sender` and the port is
 * the protocol's.
 */
export function readAnnouncements(records: DnsRecord[], sender: string): Announcement[] {
  const read = records.slice(0, MOST_RECORDS).map((record) => ({ ...record, name: normal(record.name) }));
  const services = new Map(read.filter(({ type }) => type === 'SRV').map(({ name, data }) => [name, data]));
  const addresses = new Map(read.filter(({ type }) => type === 'A').map(({ name, data }) => [name, data]));
  const named = read.flatMap(({ type, data }) => (type === 'PTR' && typeof data === 'string' ? [data] : []));
  const instances = new Map([...services.keys(), ...named].map((name) => [normal(name), name]));
  return [...instances].flatMap(([key, instance]) => {
    const name = key.endsWith(`.${SERVICE}`) && readName(instance.slice(0, -SERVICE.length - 1));
    if (!name) return [];
    const { target, port } = endOf(services.get(key));
    const address = target === undefined ? sender : (addresses.get(target) ?? sender);
    return isHost(address) ? [{ ...name, address, port }] : [];
  });
}

/** Names are equal whatever their case. */
function normal(name: string): string {
  return name.toLowerCase();
}

function endOf(service: unknown): { target?: string; port: number } {
  const { target, port } = isRecord(service) ? service : {};
  const isPort = typeof port === 'number' && Number.isInteger(port) && port >= 1 && port <= 65_535;
  return {
    target: typeof target === 'string' ? normal(target) : undefined,
    port: isPort ? port : MIIO_PORT,
  };
}

function isHost(address: unknown): address is string {
  if (typeof address !== 'string' || !isIPv4(address)) return false;
  return OF_ONE_HOST.includes(ipaddr.IPv4.parse(address).range());
}
