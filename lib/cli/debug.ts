/**
 * `--debug`: every packet that leaves or arrives, in words and in bytes. Neither tells a token or a password: bytes that
 * hold one, or that nobody here can look into, are not shown.
 */
import { createSocket } from 'node:dgram';
import type { NetworkOptions } from '../miio';
import {
  deriveKeys,
  deviceIdText,
  HEADER_BYTES,
  type Keys,
  openPacket,
  type Packet,
  parsePacket,
} from '../miio/packet';
import { disclosedToken, parseToken } from '../miio/token';
import { packetFault } from './packet-fault';
import { printable } from './printable';
import { withoutSecrets } from './secrets';
import { text } from './texts';

/** In words, and the bytes as far as they may be seen. */
interface Description {
  words: string;
  bytes?: string;
}

const CHECKSUM_OFFSET = 16;
const STARS = '*'.repeat(2 * (HEADER_BYTES - CHECKSUM_OFFSET));

/** A `createSocket` that tells what passes; `token` is blank where there is none. */
export function tellingSocket(
  token: string,
  tell: (line: string) => void,
): NonNullable<NetworkOptions['createSocket']> {
  const keys = token === '' ? undefined : deriveKeys(parseToken(token, '--token'));
  const report = (arrow: '<' | '>', peer: string, datagram: Buffer) => {
    const { words, bytes } = describe(datagram, keys);
    tell(`${arrow} ${peer}  ${words}`);
    if (bytes !== undefined) tell(`  ${bytes}`);
  };
  return (options) => {
    const socket = createSocket(options);
    socket.on('message', (datagram, { address, port }) => report('<', `${address}:${port}`, datagram));
    const { send } = socket;
    Reflect.set(socket, 'send', (...sent: unknown[]) => {
      const [datagram, port, address] = sent;
      if (Buffer.isBuffer(datagram)) report('>', `${address}:${port}`, datagram);
      Reflect.apply(send, socket, sent);
    });
    return socket;
  };
}

/** Pure. */
export function describe(datagram: Buffer, keys: Keys | undefined): Description {
  const packet = parsePacket(datagram);
  if (packet === 'hello-echo' && datagram.length === HEADER_BYTES) {
    return { words: text('packetHello'), bytes: datagram.toString('hex') };
  }
  if (typeof packet === 'string') {
    const head = datagram.toString('hex', 0, CHECKSUM_OFFSET);
    return { words: packetFault(packet), bytes: datagram.length > CHECKSUM_OFFSET ? `${head}…` : head };
  }
  const header = `did ${deviceIdText(packet.did)} stamp ${packet.stamp}`;
  if (packet.kind === 'handshake') return helloReply(datagram, packet, header);
  if (!keys) return { words: `${header} ${text('packetSealed', { bytes: datagram.length })}` };
  return opened(datagram, keys, header);
}

function helloReply(datagram: Buffer, { checksumField }: Packet, header: string): Description {
  const words = `${header} ${text('packetHelloReply')}`;
  if (disclosedToken(checksumField) === undefined) return { words, bytes: datagram.toString('hex') };
  return { words, bytes: datagram.toString('hex', 0, CHECKSUM_OFFSET) + STARS };
}

function opened(datagram: Buffer, keys: Keys, header: string): Description {
  const plaintext = openPacket(datagram, keys);
  const bytes = datagram.toString('hex');
  if (typeof plaintext === 'string') return { words: `${header} ${packetFault(plaintext)}`, bytes };
  const json = plaintext.toString('utf8');
  const shown = withoutSecrets(json).replaceAll(keys.token.toString('hex'), '***');
  return { words: `${header} ${printable(shown)}`, ...(shown === json ? { bytes } : {}) };
}
