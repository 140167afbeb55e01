/** `miio-api`: a socket for each device, any number of commands in flight, 3 s for a try and 3 s between two. */

import { requirePeer } from '../../peer';
import { TOKEN } from '../home';
import type { Client, Codec, Device } from './client';

interface Packet {
  toBuffer(): Buffer;
}

interface Protocol {
  packRequest(request: { id: number; method: string; params: unknown[] }, stamp: number): Packet;
  unpackResponse(packet: Packet): { result: unknown };
}

const api: { device(options: { address: string; token: string }): Promise<Device> } = requirePeer('miio-api');
const Packet: { fromBuffer(datagram: Buffer): Packet } = requirePeer('miio-api/dist/packet').default;
const Protocol: new (did: number, token: Buffer) => Protocol = requirePeer('miio-api/dist/protocol').default;

export function open(): Client {
  return { connect: (address) => api.device({ address, token: TOKEN }), codec: codec() };
}

function codec(): Codec {
  const protocol = new Protocol(1, Buffer.from(TOKEN, 'hex'));
  return {
    encode: (id, method, params) => protocol.packRequest({ id, method, params }, 1).toBuffer(),
    decode: (datagram) => protocol.unpackResponse(Packet.fromBuffer(datagram)).result,
  };
}
