/** A bare UDP client for the tests of the simulated home: no retries, no rules, it can send anything. */
import { createSocket, type Socket } from 'node:dgram';
import { on, once } from 'node:events';
import type { SimulatedDevice } from '../../simulators/home';
import { decodePacket, type Envelope, encodePacket, isRecord } from '../../simulators/home/wire';

export const HELLO = Buffer.from(`21310020${'ff'.repeat(28)}`, 'hex');

export class Probe {
  private readonly arrivals: AsyncIterator<unknown[]>;
  private lastId = 0;
  /** Of the next command. Default that of a device that has just started. */
  stamp = 1000;

  private constructor(private readonly socket: Socket) {
    this.arrivals = on(socket, 'message');
  }

  static async open(): Promise<Probe> {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    socket.setBroadcast(true);
    return new Probe(socket);
  }

  async close(): Promise<void> {
    await this.arrivals.return?.();
    this.socket.close();
    await once(this.socket, 'close');
  }

  send(datagram: Buffer, to: { address: string; port: number }): void {
    this.socket.send(datagram, to.port, to.address);
  }

  /** The next datagram that arrives, and where it came from. */
  async next(): Promise<{ datagram: Buffer; from: string }> {
    const [datagram, from] = (await this.arrivals.next()).value;
    return { datagram, from: `${from.address}:${from.port}` };
  }

  async hello(device: SimulatedDevice): Promise<Buffer> {
    this.send(HELLO, device);
    return (await this.next()).datagram;
  }

  /** Sends a command, by default as a good client does to a device that has just started. Returns its datagram. */
  command(device: SimulatedDevice, request: object | string, envelope: Partial<Envelope> = {}): Buffer {
    const text = typeof request === 'string' ? request : JSON.stringify(request);
    const whole = {
      did: BigInt(device.did),
      stamp: this.stamp,
      token: Buffer.from(device.token, 'hex'),
      ...envelope,
    };
    const datagram = encodePacket(whole, text);
    this.send(datagram, device);
    return datagram;
  }

  /** The next datagram, opened with the device's token, or with another one in hex. */
  async answer(from: SimulatedDevice | string): Promise<Record<string, unknown>> {
    const token = typeof from === 'string' ? from : from.token;
    const packet = decodePacket((await this.next()).datagram, Buffer.from(token, 'hex'));
    if (typeof packet === 'string') throw new Error(`the answer is no packet: ${packet}`);
    const body: unknown = JSON.parse(packet.plaintext.toString());
    if (!isRecord(body)) throw new Error('the answer is no object');
    return body;
  }

  /** Sends a command under a new id and gives its result or error. */
  async ask(device: SimulatedDevice, method: string, params: unknown): Promise<unknown> {
    this.lastId += 1;
    this.command(device, { id: this.lastId, method, params });
    const { id, result, error } = await this.answer(device);
    if (id !== this.lastId) throw new Error(`the answer is to ${id}, not to ${this.lastId}`);
    return error ?? result;
  }
}

/** Resolves with the reason when the device drops its next datagram. */
export async function nextDrop(device: SimulatedDevice): Promise<string> {
  const [reason] = await once(device, 'dropped');
  return String(reason);
}
