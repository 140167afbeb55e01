/** This library, as it is built in dist. */
import { TOKEN } from '../home';
import type { Client, Codec, Patience } from './client';

// Types from the sources, code from the build: what users run is measured.
const { Network }: typeof import('../../../../lib/miio') = require('../../../../dist/lib/miio');
const message: typeof import('../../../../lib/miio/message') = require('../../../../dist/lib/miio/message');
const packets: typeof import('../../../../lib/miio/packet') = require('../../../../dist/lib/miio/packet');

export function open(patience?: Patience): Client {
  const network = new Network();
  return {
    connect: async (address) => network.device({ address, token: TOKEN, ...patience }),
    codec: codec(),
    sweep: ({ cidr }, found) => void network.discover({ addresses: cidr, onFound: found }),
  };
}

function codec(): Codec {
  const keys = packets.deriveKeys(Buffer.from(TOKEN, 'hex'));
  const did = Buffer.from('0000000000000001', 'hex');
  return {
    encode: (id, method, params) =>
      packets.encodePacket(did, 1, message.encodeRequest(id, message.requestBody(method, params)), keys),
    decode: (datagram) => {
      const packet = packets.parsePacket(datagram);
      const plaintext = typeof packet === 'string' ? packet : packets.openPacket(datagram, keys);
      if (typeof plaintext === 'string') throw new Error(plaintext);
      const answer = message.parseMessage(plaintext);
      return answer.kind === 'result' ? answer.result : undefined;
    },
  };
}
