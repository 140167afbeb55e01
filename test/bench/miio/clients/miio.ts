/** `miio`: one socket for all devices, any number of commands in flight, a second try after 2 s, five times. */

import { requirePeer } from '../../peer';
import { TOKEN } from '../home';
import type { Client, Codec, Device } from './client';

interface Packet {
  token: Buffer;
  /** The plaintext: set to encode, read after `raw` was set. */
  data: Buffer;
  raw: Buffer;
}

const miio: { device(options: { address: string; token: string }): Promise<Device> } = requirePeer('miio');
const Packet: new () => Packet = requirePeer('miio/lib/packet');
const parseJson: (text: string) => { result: unknown } = requirePeer('miio/lib/safeishJSON');

export function open(): Client {
  return { connect: (address) => miio.device({ address, token: TOKEN }), codec: codec() };
}

function codec(): Codec {
  const packet = new Packet();
  packet.token = Buffer.from(TOKEN, 'hex');
  return {
    encode: (id, method, params) => {
      packet.data = Buffer.from(JSON.stringify({ method, params, id }));
      return packet.raw;
    },
    decode: (datagram) => {
      packet.raw = datagram;
      return parseJson(packet.data.toString()).result;
    },
  };
}
