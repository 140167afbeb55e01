/**
 * Asks the network by multicast DNS who is a miIO device: the query `PTR _miio._udp.local` to 224.0.0.251:5353, from
 * every interface. Some devices announce themselves only after a restart, newer ones not at all: what is heard adds
 * to a search, and what goes wrong here takes nothing away from it. Source: RFC 6762; the records: `mdns-records`.
 */
import { createSocket } from 'node:dgram';
import multicastDns, { type MulticastDNS } from 'multicast-dns';
import { type Announcement, readAnnouncements, SERVICE } from './mdns-records';

const MDNS_PORT = 5_353;

/** The questions of one search and what is answered to them. Never throws: without multicast it hears nothing. */
export class Mdns {
  private readonly channels: MulticastDNS[];

  /**
   * Listens until it is closed. `interfaces`: the local address of each. `heard` is told every announcement, the same
   * one perhaps often.
   */
  constructor(
    interfaces: string[],
    private readonly heard: (announcement: Announcement) => void,
    port = MDNS_PORT,
  ) {
    this.channels = interfaces.map((address) => this.open(address, port));
  }

  /** Asks once; the answers come to `heard`. */
  ask(): void {
    for (const channel of this.channels) channel.query([{ name: SERVICE, type: 'PTR' }]);
  }

  close(): void {
    for (const channel of this.channels) channel.destroy();
  }

  private open(address: string, port: number): MulticastDNS {
    const socket = createSocket({ type: 'udp4', reuseAddr: true });
    const channel = multicastDns({ port, interface: address, socket, bind: false });
    channel.on('response', ({ answers, additionals }, sender) => {
      for (const announcement of readAnnouncements([...answers, ...additionals], sender.address)) {
        this.heard(announcement);
      }
    });
    // No permission, port in use, no multicast here: the search has its broadcast.
    channel.on('error', () => undefined);
    // Bound to the interface's own address, it would hear no multicast. Exclusive: the workers of a cluster would share
    // one socket, and each miss what another hears.
    socket.bind({ port, address: '0.0.0.0', exclusive: true });
    return channel;
  }
}
