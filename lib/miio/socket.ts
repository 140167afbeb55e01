/**
 * One UDP socket for all devices behind one local address. Datagrams go to whoever waits for that sender; opened by
 * the first packet sent, opened anew after an error, closed for good by `close`.
 */
import { createSocket as createDgramSocket, type Socket } from 'node:dgram';
import { MialinkError, messageOf } from '../errors';

export type Receiver = (datagram: Buffer) => void;

export interface SocketOptions {
  /** Local IP address; blank or left out: chosen by the system. */
  bindAddress?: string;
  /** For tests. */
  createSocket?: typeof createDgramSocket;
}

/** Answers of a hundred devices may arrive in one burst; the kernel's default holds a few dozen. */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;

export class MiioSocket {
  private socket: Promise<Socket> | 'unopened' | 'closed' = 'unopened';
  private readonly receivers = new Map<string, Set<Receiver>>();

  constructor(private readonly options: SocketOptions = {}) {}

  /** Hands every datagram from `address`:`port` to `receiver`, until the returned function is called. */
  receive(address: string, port: number, receiver: Receiver): () => void {
    const sender = `${address}:${port}`;
    const receivers = this.receivers.get(sender) ?? new Set();
    this.receivers.set(sender, receivers.add(receiver));
    return () => {
      receivers.delete(receiver);
      if (receivers.size === 0 && this.receivers.get(sender) === receivers) this.receivers.delete(sender);
    };
  }

  /** Resolves when the packet has been handed to the network; rejects with the system's error. */
  async send(packet: Buffer, port: number, address: string): Promise<void> {
    const socket = await this.open();
    await new Promise<void>((resolve, reject) => {
      socket.send(packet, port, address, (error) => (error ? reject(error) : resolve()));
    });
  }

  async close(): Promise<void> {
    const socket = this.socket;
    this.socket = 'closed';
    this.receivers.clear();
    if (socket instanceof Promise) await socket.then(shut, () => undefined);
  }

  private open(): Promise<Socket> {
    if (this.socket === 'closed')
      return Promise.reject(new MialinkError('closed', { device: 'the UDP socket' }));
    if (this.socket === 'unopened') {
      const opening = this.bind(() => {
        if (this.socket === opening) this.socket = 'unopened';
      });
      opening.catch(() => undefined);
      this.socket = opening;
    }
    return this.socket;
  }

  /** `failed` is called when the socket is of no use any more: the next packet opens a new one. */
  private bind(failed: () => void): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const create = this.options.createSocket ?? createDgramSocket;
      // Addresses are resolved before they get here: without this lookup dgram would ask the resolver for every packet.
      const socket = create({ type: 'udp4', lookup: (address, _options, done) => done(null, address, 4) });
      socket.on('message', (datagram, sender) => this.deliver(datagram, `${sender.address}:${sender.port}`));
      socket.on('error', (error) => {
        reject(error);
        failed();
        shut(socket);
      });
      socket.bind(0, this.options.bindAddress || undefined, () => {
        try {
          socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
        } catch {
          // the system allows no larger buffer
        }
        // Whoever awaits an answer has a timer; an unused socket must not keep a program alive.
        socket.unref();
        resolve(socket);
      });
    });
  }

  private deliver(datagram: Buffer, sender: string): void {
    for (const receiver of this.receivers.get(sender) ?? []) receiver(datagram);
  }
}

function shut(socket: Socket): void {
  try {
    socket.close();
  } catch {
    // closed already
  }
}

/** What went wrong with a socket or an address, in the words of the system: `EHOSTUNREACH`, `ENETDOWN`... */
export function networkCause(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : messageOf(error);
}
