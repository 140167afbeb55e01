/**
 * One UDP socket for all devices behind one local address. Datagrams go to whoever waits for that sender; opened by
 * the first packet sent, opened anew after an error, closed for good by `close`.
 */
import { createSocket as createDgramSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { MialinkError, messageOf, type Values } from '../errors';

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

  /** Resolves when the packet has been handed to the network; rejects with what `unsentError` explains. */
  async send(packet: Buffer, port: number, address: string): Promise<void> {
    const socket = await this.open();
    if (this.socket === 'closed') throw closedError();
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
    if (this.socket === 'closed') return Promise.reject(closedError());
    if (this.socket === 'unopened') {
      const opening = openSocket(this.options, (datagram, sender) =>
        this.deliver(datagram, `${sender.address}:${sender.port}`),
      );
      const gone = () => {
        if (this.socket === opening) this.socket = 'unopened';
      };
      opening.then((socket) => socket.once('close', gone), gone);
      this.socket = opening;
    }
    return this.socket;
  }

  private deliver(datagram: Buffer, sender: string): void {
    for (const receiver of this.receivers.get(sender) ?? []) receiver(datagram);
  }
}

/**
 * A bound socket; rejects with `socketFailed`. An error closes it. It does not keep a program alive: whoever awaits an
 * answer has a timer.
 */
export function openSocket(
  { bindAddress, createSocket = createDgramSocket }: SocketOptions,
  receive: (datagram: Buffer, sender: RemoteInfo) => void,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    // Addresses are resolved before they get here: without this lookup dgram would ask the resolver for every packet.
    const socket = createSocket({ type: 'udp4', lookup: (address, _, done) => done(null, address, 4) });
    socket.on('message', receive);
    socket.on('error', (cause) => {
      const device = bindAddress || '0.0.0.0';
      reject(new MialinkError('socketFailed', { device, cause: networkCause(cause) }, { cause }));
      shut(socket);
    });
    socket.bind(0, bindAddress || undefined, () => {
      try {
        socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
      } catch {
        // the system allows no larger buffer
      }
      socket.unref();
      resolve(socket);
    });
  });
}

function closedError(): MialinkError {
  return new MialinkError('closed', { device: 'the UDP socket' });
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

/** What to tell when a packet could not be sent; an error that already says what to do stays as it is. */
export function unsentError(cause: unknown, values: Values): MialinkError {
  if (cause instanceof MialinkError) return cause;
  return new MialinkError('unreachable', { ...values, cause: networkCause(cause) }, { cause });
}
