/** `--decode`: what a captured packet says; the header without a token, the rest with it. */
import {
  type DropReason,
  deriveKeys,
  deviceIdText,
  HEADER_BYTES,
  openPacket,
  type Packet,
  parsePacket,
} from '../miio/packet';
import { disclosedToken, parseToken } from '../miio/token';
import { type Context, show } from './context';
import { DONE, NOTHING_FOUND } from './exit-codes';
import { packetFault } from './packet-fault';
import { withoutSecrets } from './secrets';
import { list } from './table';
import { text } from './texts';

/** Undefined: not in this packet, or not to be read without a token. */
interface Decoded {
  kind: 'hello' | 'helloReply' | 'data' | 'invalid';
  bytes: number;
  deviceId?: string;
  stamp?: number;
  checksum?: 'right' | 'wrong' | 'unchecked';
  token?: string;
  tokenDisclosed?: boolean;
  plaintext?: string;
  problem?: DropReason;
}

const KINDS = {
  hello: 'packetHello',
  helloReply: 'packetHelloReply',
  data: 'packetData',
  invalid: 'packetInvalid',
} as const;
const CHECKSUMS = {
  right: 'checksumRight',
  wrong: 'checksumWrong',
  unchecked: 'checksumUnchecked',
} as const;

export function decodePacket(datagram: Buffer, context: Context): number {
  const decoded = decode(datagram, context);
  show(decoded, context, () => asList(decoded));
  return decoded.problem === undefined ? DONE : NOTHING_FOUND;
}

function decode(datagram: Buffer, context: Context): Decoded {
  const bytes = datagram.length;
  const packet = parsePacket(datagram);
  if (packet === 'hello-echo' && bytes === HEADER_BYTES) return { kind: 'hello', bytes };
  if (typeof packet === 'string') return { kind: 'invalid', bytes, problem: packet };
  const header = { bytes, deviceId: deviceIdText(packet.did), stamp: packet.stamp };
  if (packet.kind === 'handshake') return { kind: 'helloReply', ...header, ...disclosed(packet, context) };
  return { kind: 'data', ...header, ...opened(datagram, context) };
}

function disclosed({ checksumField }: Packet, { settings }: Context): Partial<Decoded> {
  const token = disclosedToken(checksumField);
  const tokenDisclosed = token !== undefined;
  return settings.showToken && tokenDisclosed ? { tokenDisclosed, token } : { tokenDisclosed };
}

function opened(datagram: Buffer, { settings }: Context): Partial<Decoded> {
  if (settings.token === '') return { checksum: 'unchecked' };
  const plaintext = openPacket(datagram, deriveKeys(parseToken(settings.token, '--token')));
  if (plaintext === 'checksum') return { checksum: 'wrong', problem: plaintext };
  if (typeof plaintext === 'string') return { checksum: 'right', problem: plaintext };
  const json = plaintext.toString('utf8');
  const shown = settings.showToken ? json : withoutSecrets(json, settings.token);
  return { checksum: 'right', plaintext: shown };
}

function asList(decoded: Decoded): string {
  const { kind, bytes, deviceId = '', stamp = '', checksum, tokenDisclosed, token, plaintext } = decoded;
  const disclosure = tokenDisclosed ? text('tokenDisclosed') : text('tokenHidden');
  return list([
    [text('packet'), text(KINDS[kind])],
    [text('bytes'), String(bytes)],
    [text('did'), deviceId],
    [text('stamp'), String(stamp)],
    [text('checksum'), checksum ? text(CHECKSUMS[checksum]) : ''],
    [text('token'), token ?? (tokenDisclosed === undefined ? '' : disclosure)],
    [text('plaintext'), plaintext ?? ''],
    [text('problem'), decoded.problem ? packetFault(decoded.problem) : ''],
  ]);
}
