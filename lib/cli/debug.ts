/**
 * `--debug`: every packet that leaves or arrives, in words and in bytes. Neither tells a token or a password: bytes that
 * hold one, or that nobody here can look into, are not shown. What is sealed is opened by the token that was given or
 * by the one that its device has disclosed in these very packets.
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

/** More are no home, but a liar's: theirs are not opened. */
const MOST_DISCLOSED = 256;

/** A `createSocket` that tells what passes; `token` is blank where none is given. */
export function tellingSocket(
  token: string,
  tell: (line: string) => void,
): NonNullable<NetworkOptions['createSocket']> {
  const given = token === '' ? [] : [deriveKeys(parseToken(token, '--token'))];
  const disclosed = new Map<string, Keys>();
  const report = (arrow: '<' | '>', peer: string, datagram: Buffer) => {
    const told = arrow === '<' ? tokenIn(datagram) : undefined;
    if (told !== undefined && disclosed.size < MOST_DISCLOSED) {
      disclosed.set(peer, deriveKeys(Buffer.from(told, 'hex')));
    }
    const known = disclosed.get(peer);
    const { words, bytes } = describe(datagram, known ? [...given, known] : given);
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

function tokenIn(datagram: Buffer): string | undefined {
  const packet = parsePacket(datagram);
  if (typeof packet === 'string' || packet.kind !== 'handshake') return undefined;
  return disclosedToken(packet.checksumField);
}

/** `keys` are all that may fit. Pure. */
export function describe(datagram: Buffer, keys: readonly Keys[]): Description {
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
  const fitting = keys.find((each) => openPacket(datagram, each) !== 'checksum');
  if (fitting) return opened(datagram, fitting, header);
  const sealed = text('packetSealed', { bytes: datagram.length });
  return { words: `${header} ${keys.length === 0 ? sealed : packetFault('checksum')}` };
}

function helloReply(datagram: Buffer, { checksumField }: Packet, header: string): Description {
  const words = `${header} ${text('packetHelloReply')}`;
  if (disclosedToken(checksumField) === undefined) return { words, bytes: datagram.toString('hex') };
  return { words, bytes: datagram.toString('hex', 0, CHECKSUM_OFFSET) + STARS };
}

function opened(datagram: Buffer, keys: Keys, header: string): Description {
  const plaintext = openPacket(datagram, keys);
  if (typeof plaintext === 'string') return { words: `${header} ${packetFault(plaintext)}` };
  const json = plaintext.toString('utf8');
  const shown = withoutSecrets(json, keys.token.toString('hex'));
  return {
    words: `${header} ${printable(shown)}`,
    ...(shown === json ? { bytes: datagram.toString('hex') } : {}),
  };
}
