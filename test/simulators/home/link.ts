/** A device's place on the network: its UDP socket, and what happens to answers on their way out. */
import { createSocket, type Socket } from 'node:dgram';
import { type Faults, happens } from './faults';

/** How long an answer waits for another one that overtakes it. */
const HOLD_MS = 50;

/** Where a datagram came from or goes to. */
export interface Peer {
  address: string;
  port: number;
}

/** A bound UDP socket; rejects when the address is in use or not of this machine. */
export function openSocket(
  address: string,
  port: number,
  receive: (datagram: Buffer, from: Peer) => void,
  failed: (error: Error) => void,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    const refuse = (error: Error) => {
      socket.close();
      reject(error);
    };
    socket.once('error', refuse);
    socket.on('message', (datagram, { address, port }) => receive(datagram, { address, port }));
    socket.bind(port, address, () => {
      socket.off('error', refuse);
      socket.on('error', failed);
      resolve(socket);
    });
  });
}

export function closeSocket(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.close(() => resolve()));
}

export class Link {
  /** The answer that waits to be overtaken. */
  private held: { datagram: Buffer; to: Peer; timer: NodeJS.Timeout } | undefined;

  /** `dropped` is told of every datagram that does not go out. */
  constructor(
    private readonly socket: Socket,
    private readonly faults: Faults,
    private readonly dropped: (reason: string) => void,
  ) {}

  /** The port the socket is bound to. */
  get port(): number {
    return this.socket.address().port;
  }

  send(datagram: Buffer, to: Peer): void {
    if (this.faults.reorder && !this.held) {
      this.held = { datagram, to, timer: setTimeout(() => this.release(), HOLD_MS) };
      return;
    }
    this.transmit(datagram, to);
    this.release();
  }

  close(): Promise<void> {
    clearTimeout(this.held?.timer);
    this.held = undefined;
    return closeSocket(this.socket);
  }

  private release(): void {
    if (!this.held) return;
    const { datagram, to, timer } = this.held;
    clearTimeout(timer);
    this.held = undefined;
    this.transmit(datagram, to);
  }

  private transmit(datagram: Buffer, to: Peer): void {
    const copies = this.faults.duplicate ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      if (happens(this.faults.lossOut, this.faults.random)) {
        this.dropped('loss-out');
        continue;
      }
      this.socket.send(datagram, to.port, to.address, (error) => {
        if (error) this.dropped(`send: ${error.message}`);
      });
    }
  }
}
