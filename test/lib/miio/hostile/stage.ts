/** A session, the puppet it speaks to, and a way to bring any datagram to the session's socket as if it had arrived. */
import { createHash } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import type { SessionOptions } from '../../../../lib/miio/session';
import { MiioSocket, type SocketOptions } from '../../../../lib/miio/socket';
import { type Envelope, encodePacket, tokenBytes } from '../../../simulators/home/wire';
import { Client } from '../conversation';
import { Puppet, type Request } from '../puppet';

export const OTHER_TOKEN = 'ff0102030405060708090a0b0c0d0e0f';
const CHECKSUM_OFFSET = 16;
const HEADER_BYTES = 32;

/** Where the session's sockets are bound; may be changed for those that follow. */
interface Place {
  bindAddress?: string;
}

/** An object becomes JSON. */
export type Plaintext = object | string | Buffer;

export class Stage {
  /** The sockets that the session has opened, the newest last. */
  readonly opened: Socket[] = [];
  readonly socket: MiioSocket;
  readonly client: Client;

  private constructor(
    readonly puppet: Puppet,
    options: Partial<SessionOptions>,
    place: Place,
  ) {
    const createSocket = recording(this.opened);
    this.socket = new MiioSocket({
      createSocket,
      get bindAddress() {
        return place.bindAddress;
      },
    });
    const device = { address: puppet.address, port: puppet.port, token: Puppet.token };
    this.client = new Client(device, { socket: this.socket, ...options });
  }

  static async open(options: Partial<SessionOptions> = {}, place: Place = {}): Promise<Stage> {
    return new Stage(await Puppet.open(), options, place);
  }

  async close(): Promise<void> {
    await this.client.close();
    await this.socket.close();
    await this.puppet.close();
  }

  /** Before each true answer, which is `["true"]`, the puppet does this. */
  beforeAnswer(lie: (request: Request) => void | Promise<void>): void {
    this.puppet.onRequest = async (request) => {
      await lie(request);
      this.puppet.result(request, ['true']);
    };
  }

  /** Hands the datagram to the session's socket; what its listener throws is thrown here. */
  arrive(datagram: Buffer, from: { address: string; port: number } = this.puppet): void {
    const { address, port } = from;
    this.opened.at(-1)?.emit('message', datagram, { address, port, family: 'IPv4', size: datagram.length });
  }

  /** A packet that the puppet could have sent. */
  sealed(plaintext: Plaintext, envelope: Partial<Envelope> = {}): Buffer {
    const { did, stamp } = this.puppet;
    const isObject = typeof plaintext === 'object' && !Buffer.isBuffer(plaintext);
    const bytes = isObject ? JSON.stringify(plaintext) : plaintext;
    return encodePacket({ did, stamp, token: tokenBytes(Puppet.token), ...envelope }, bytes);
  }
}

/** Makes real sockets, and keeps them in `opened`. */
export function recording(opened: Socket[]): NonNullable<SocketOptions['createSocket']> {
  return (options) => {
    const socket = createSocket(options);
    opened.push(socket);
    return socket;
  };
}

/** A copy with the right length field and the right checksum, whatever else is wrong with it. */
export function signedAgain(packet: Buffer, token = Puppet.token): Buffer {
  const copy = Buffer.from(packet);
  copy.writeUInt16BE(copy.length, 2);
  const ciphertext = copy.subarray(HEADER_BYTES);
  const start = copy.subarray(0, CHECKSUM_OFFSET);
  const checksum = createHash('md5').update(start).update(tokenBytes(token)).update(ciphertext).digest();
  checksum.copy(copy, CHECKSUM_OFFSET);
  return copy;
}

/** A copy that is changed by `change`. */
export function changed(packet: Buffer, change: (copy: Buffer) => void): Buffer {
  const copy = Buffer.from(packet);
  change(copy);
  return copy;
}

/** A copy with one bit inverted. */
export function flipped(packet: Buffer, bit: number): Buffer {
  return Buffer.from(packet.map((byte, index) => (index === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte)));
}
