/** The calling side of a gateway: a bare UDP client that speaks to our push server. */
import { createSocket, type Socket } from 'node:dgram';
import { on, once } from 'node:events';
import { decodePacket, encodePacket, tokenBytes } from '../../../simulators/home/wire';

const HELLO = Buffer.from(`21310020${'ff'.repeat(28)}`, 'hex');

/** Free a moment ago. */
export async function freePort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}

export class CallingGateway {
  private readonly arrivals: AsyncIterator<unknown[]>;

  private constructor(
    private readonly socket: Socket,
    private readonly server: { address: string; port: number },
    private readonly token: string,
  ) {
    this.arrivals = on(socket, 'message');
  }

  static async open(
    server: { address: string; port: number },
    token: string,
    address = '127.0.0.1',
  ): Promise<CallingGateway> {
    const socket = createSocket('udp4').bind(0, address);
    await once(socket, 'listening');
    return new CallingGateway(socket, server, token);
  }

  async close(): Promise<void> {
    await this.arrivals.return?.();
    this.socket.close();
    await once(this.socket, 'close');
  }

  send(datagram: Buffer): void {
    this.socket.send(datagram, this.server.port, this.server.address);
  }

  async hello(): Promise<Buffer> {
    this.send(HELLO);
    return this.next();
  }

  /** A call as it is sealed with the gateway's token. */
  packet(body: object | string, token = this.token, stamp = 7): Buffer {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return encodePacket({ did: 120_009_025n, stamp, token: tokenBytes(token) }, text);
  }

  /** The text of the next answer, opened with the gateway's token. */
  async answer(): Promise<string> {
    const packet = decodePacket(await this.next(), tokenBytes(this.token));
    if (typeof packet === 'string') throw new Error(`the answer is no packet: ${packet}`);
    return packet.plaintext.toString();
  }

  /** Sends a call and gives the answer. */
  call(body: object): Promise<string> {
    this.send(this.packet(body));
    return this.answer();
  }

  private async next(): Promise<Buffer> {
    const [datagram] = (await this.arrivals.next()).value;
    return datagram;
  }
}
