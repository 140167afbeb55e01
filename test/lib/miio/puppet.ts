/** A miIO device on a string: says hello like any other, but what it answers to a command is up to the test. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import {
  type Command,
  decodePacket,
  encodeHelloReply,
  encodePacket,
  isHello,
  parseCommand,
  tokenBytes,
} from '../../simulators/home/wire';

interface Sender {
  address: string;
  port: number;
}

/** A command as it arrived. */
export interface Request extends Command {
  datagram: Buffer;
  from: Sender;
  did: bigint;
  stamp: number;
}

export class Puppet {
  static readonly token = '000102030405060708090a0b0c0d0e0f';
  readonly token = Puppet.token;
  did = 4711n;
  stamp = 1000;
  readonly requests: Request[] = [];
  hellos = 0;
  /** What it does with a hello; by default the answer that the protocol wants. */
  onHello: (from: Sender) => void = (from) => this.send(this.helloReply(), from);
  /** What it does with a command; by default it answers ["ok"]. */
  onRequest: (request: Request) => void = (request) => this.result(request, ['ok']);

  private constructor(private readonly socket: Socket) {}

  static async open(address = '127.0.0.1', port = 0): Promise<Puppet> {
    const socket = createSocket('udp4');
    const puppet = new Puppet(socket);
    socket.on('message', (datagram, from) => puppet.receive(datagram, from));
    socket.bind(port, address);
    await once(socket, 'listening');
    return puppet;
  }

  get address(): string {
    return this.socket.address().address;
  }

  get port(): number {
    return this.socket.address().port;
  }

  /** Everybody who spoke to it last heard from here; undefined before the first packet. */
  client: Sender | undefined;

  async close(): Promise<void> {
    this.socket.close();
    await once(this.socket, 'close');
  }

  /** Sends anything, by default to whoever spoke last. */
  send(datagram: Buffer, to = this.client): void {
    if (to) this.socket.send(datagram, to.port, to.address);
  }

  helloReply(did = this.did, stamp = this.stamp): Buffer {
    return encodeHelloReply(did, stamp, Buffer.alloc(16, 0xff));
  }

  /** A packet that this device could have sent. */
  packet(body: object | string, token = Puppet.token): Buffer {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return encodePacket({ did: this.did, stamp: this.stamp, token: tokenBytes(token) }, text);
  }

  result({ id }: { id: number }, result: unknown): void {
    this.send(this.packet({ id, result }));
  }

  private receive(datagram: Buffer, from: Sender): void {
    this.client = from;
    if (isHello(datagram)) {
      this.hellos++;
      this.onHello(from);
      return;
    }
    const packet = decodePacket(datagram, tokenBytes(Puppet.token));
    const command = typeof packet === 'string' ? packet : parseCommand(packet.plaintext);
    if (typeof packet === 'string' || typeof command === 'string') return;
    const request = { ...command, datagram, from, did: packet.did, stamp: packet.stamp };
    this.requests.push(request);
    this.onRequest(request);
  }
}
