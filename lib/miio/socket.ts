/**
 * One UDP socket for all devices behind one local address. Datagrams go to whoever waits for that sender; opened by
 * the first packet sent, opened anew after an error, closed for good by `close`.
 */
// dgram loads it in its first `bind`: a third of the time to the first answer, for which somebody waits.
import 'node:cluster';
import {
  createSocket as createDgramSocket,
  type SocketOptions as DgramOptions,
  type RemoteInfo,
  type Socket,
} from 'node:dgram';
import { MialinkError, messageOf, type Values } from '../errors';

export type Receiver = (datagram: Buffer) => void;
/** As callbacks of Node: `null` where nothing went wrong. */
export type OnSent = (error: unknown) => void;

export interface SocketOptions {
  /** Local IP address; blank or left out: chosen by the system. */
  bindAddress?: string;
  /** For tests. */
  createSocket?: (options: DgramOptions) => Socket;
}

/** Answers of a hundred devices may arrive in one burst; the kernel's default holds a few dozen. */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;

export class MiioSocket {
  private socket: Socket | Promise<Socket> | 'unopened' | 'closed' = 'unopened';
  /** By the sender's port and address. */
  private readonly receivers = new Map<number, Map<string, readonly Receiver[]>>();

  constructor(private readonly options: SocketOptions = {}) {}

  /** Hands every datagram from `address`:`port` to `receiver`, until the returned function is called. */
  receive(address: string, port: number, receiver: Receiver): () => void {
    const atPort = this.receivers.get(port) ?? new Map<string, readonly Receiver[]>();
    const others = atPort.get(address) ?? [];
    this.receivers.set(port, atPort.set(address, others.concat(receiver)));
    return () => {
      const left = atPort.get(address)?.filter((one) => one !== receiver) ?? [];
      if (left.length > 0) atPort.set(address, left);
      else atPort.delete(address);
    };
  }

  /** Resolves when packets can be sent; rejects with `socketFailed` or `closed`. */
  async open(): Promise<void> {
    await this.opened();
  }

  /** Calls `onSent` when the packet was handed to the network, or with what `unsentError` explains. */
  send(packet: Buffer, port: number, address: string, onSent: OnSent): void {
    const socket = this.opened();
    if (!(socket instanceof Promise)) {
      transmit(socket, packet, port, address, onSent);
      return;
    }
    socket.then((opened) => {
      if (this.socket === 'closed') onSent(closedError());
      else transmit(opened, packet, port, address, onSent);
    }, onSent);
  }

  async close(): Promise<void> {
    const socket = this.socket;
    this.socket = 'closed';
    this.receivers.clear();
    if (socket instanceof Promise) await socket.then(shut, () => undefined);
    else if (typeof socket !== 'string') shut(socket);
  }

  private opened(): Socket | Promise<Socket> {
    if (this.socket === 'closed') return Promise.reject(closedError());
    if (this.socket === 'unopened') this.socket = this.openAnew();
    return this.socket;
  }

  private async openAnew(): Promise<Socket> {
    try {
      const socket = await openSocket(this.options, (datagram, sender) => this.deliver(datagram, sender));
      socket.once('close', () => this.becomes('unopened'));
      this.becomes(socket);
      return socket;
    } catch (error) {
      this.becomes('unopened');
      throw error;
    }
  }

  private becomes(socket: Socket | 'unopened'): void {
    if (this.socket !== 'closed') this.socket = socket;
  }

  private deliver(datagram: Buffer, { address, port }: RemoteInfo): void {
    for (const receiver of this.receivers.get(port)?.get(address) ?? []) receiver(datagram);
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
    // Exclusive: the workers of a cluster would share one socket, and each hear the answers for the others.
    socket.bind({ port: 0, address: bindAddress || undefined, exclusive: true }, () => {
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

function transmit(socket: Socket, packet: Buffer, port: number, address: string, onSent: OnSent): void {
  try {
    socket.send(packet, port, address, onSent);
  } catch (error) {
    onSent(error);
  }
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
