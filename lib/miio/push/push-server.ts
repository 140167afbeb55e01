/**
 * The device that we pretend to be towards gateways: UDP port 54321 of this machine, the only one that they call.
 *
 *   hello                                   answered: our did, our clock, zeros in the place of the token
 *   {"id":N,"method":M,"params":P}          signed with the gateway's token; answered {"result":0,"id":N}
 *
 * Only gateways that somebody listens to are answered, and only calls that he knows. The port is open as long as
 * somebody listens. Source: python-miio's push server.
 */
import { createSocket as createDgramSocket, type Socket } from 'node:dgram';
import { MialinkError } from '../../errors';
import {
  encodePacket,
  HEADER_BYTES,
  HELLO,
  type Keys,
  MIIO_PORT,
  openPacket,
  type Packet,
  parsePacket,
} from '../packet';
import { networkCause } from '../socket';
import { type DeviceCall, readCall } from './call';
import { OUR_DID } from './scene';

export interface PushServerOptions {
  /** Local IP address; blank or left out: all of this machine. */
  bindAddress?: string;
  /** For tests; default 54321, since gateways call no other. */
  port?: number;
  createSocket?: typeof createDgramSocket;
}

/** Whoever waits for the calls of a gateway. */
export interface GatewayListener {
  /** What texts call the gateway. */
  readonly label: string;
  /** Where the gateway was last heard. */
  readonly address: string;
  /** Of the gateway's token. */
  readonly keys: Keys;
  /** True if the call is for this listener, and to be answered; `packet` is the one that brought it. */
  hear(call: DeviceCall, packet: Packet): boolean;
}

interface Sender {
  address: string;
  port: number;
}

export class PushServer {
  private socket: Promise<Socket> | undefined;
  private readonly listeners = new Set<GatewayListener>();
  private readonly did = Buffer.alloc(8);

  constructor(private readonly options: PushServerOptions = {}) {
    this.did.writeBigUInt64BE(BigInt(OUR_DID));
  }

  get bindAddress(): string {
    return this.options.bindAddress ?? '';
  }

  /** Opens the port if it is not open. Rejects with `pushPortTaken` or `socketFailed`. May be called again. */
  async listen(listener: GatewayListener): Promise<void> {
    this.listeners.add(listener);
    this.socket ??= this.open();
    await this.socket.catch((cause: Error) => {
      throw this.failure(listener.label, cause);
    });
  }

  /** The last one closes the port. */
  async leave(listener: GatewayListener): Promise<void> {
    this.listeners.delete(listener);
    if (this.listeners.size > 0) return;
    const { socket } = this;
    this.socket = undefined;
    await socket?.then(shut, () => undefined);
  }

  private open(): Promise<Socket> {
    const { bindAddress, port = MIIO_PORT, createSocket = createDgramSocket } = this.options;
    const opening = new Promise<Socket>((resolve, reject) => {
      const socket = createSocket('udp4');
      socket.on('message', (datagram, sender) => this.receive(socket, datagram, sender));
      socket.on('close', () => {
        if (this.socket === opening) this.socket = undefined;
      });
      socket.on('error', (cause) => {
        reject(cause);
        void shut(socket);
      });
      // Exclusive: of the workers of a cluster that shared it, only some would hear their gateways.
      socket.bind({ port, address: bindAddress || undefined, exclusive: true }, () => resolve(socket));
    });
    return opening;
  }

  private failure(device: string, cause: Error): MialinkError {
    const { bindAddress, port = MIIO_PORT } = this.options;
    const code = networkCause(cause);
    if (code !== 'EADDRINUSE') return new MialinkError('socketFailed', { device, cause: code }, { cause });
    return new MialinkError('pushPortTaken', { device, address: bindAddress || '0.0.0.0', port }, { cause });
  }

  private receive(socket: Socket, datagram: Buffer, sender: Sender): void {
    const listeners = [...this.listeners].filter(({ address }) => address === sender.address);
    if (listeners.length === 0) return;
    const packet = parsePacket(datagram);
    if (packet === 'hello-echo' && datagram.length === HEADER_BYTES) reply(socket, this.helloReply(), sender);
    if (typeof packet === 'string' || packet.kind !== 'data') return;
    for (const listener of listeners) {
      const plaintext = openPacket(datagram, listener.keys);
      const call = typeof plaintext === 'string' ? undefined : readCall(plaintext);
      if (!call || !listener.hear(call, packet)) continue;
      // The order that python-miio's gateways are used to.
      const answer = Buffer.from(JSON.stringify({ result: 0, id: call.id }));
      reply(socket, encodePacket(this.did, clockNow(), answer, listener.keys), sender);
      return;
    }
  }

  private helloReply(): Buffer {
    const header = Buffer.alloc(HEADER_BYTES);
    HELLO.copy(header, 0, 0, 4);
    this.did.copy(header, 4);
    header.writeUInt32BE(clockNow(), 12);
    return header;
  }
}

/**
 * Our clock, in seconds. A gateway stamps its calls with what it last heard of it: so it goes on when this program is
 * started again, and is never set back while it runs.
 */
function clockNow(): number {
  return Math.floor((performance.timeOrigin + performance.now()) / 1_000) >>> 0;
}

function reply(socket: Socket, packet: Buffer, { address, port }: Sender): void {
  // A gateway that got no answer calls again.
  socket.send(packet, port, address, () => undefined);
}

function shut(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    try {
      socket.close(() => resolve());
    } catch {
      // closed already, by its error
      resolve();
    }
  });
}
