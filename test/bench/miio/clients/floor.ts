/**
 * The floor: the leanest client that honestly does the work. One bare socket for all devices; hello once, then one
 * command in flight for each device and the others behind it; an answer is found by its address and port, verified,
 * and has to have the id. No time limits, no second try, no check of what it is given.
 */
import { createSocket, type Socket } from 'node:dgram';
import { TOKEN } from '../home';
import { decode, didOf, encode, HEADER_BYTES, HELLO, keysOf, PORT, stampOf } from '../wire';
import type { Client, Codec, Device, Range } from './client';

interface Command {
  id: number;
  plaintext: Buffer;
  settle(result: unknown): void;
}

/** The same as the clients that fit a hundred answers into one burst. */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;
const TOKEN_BYTES = Buffer.from(TOKEN, 'hex');

export function open(): Client {
  const floor = new Floor();
  return { connect: (address) => floor.connect(address), codec: codec(), sweep };
}

function codec(): Codec {
  const keys = keysOf(TOKEN_BYTES);
  return {
    encode: (id, method, params) => encode(1, 1, Buffer.from(JSON.stringify({ id, method, params })), keys),
    decode: (packet) => JSON.parse(String(decode(packet, keys))).result,
  };
}

class Floor {
  private readonly devices = new Map<string, FloorDevice>();
  private socket: Socket | undefined;

  async connect(address: string): Promise<Device> {
    const socket = this.socket ?? this.openSocket();
    const device = new FloorDevice((packet) => socket.send(packet, PORT, address));
    this.devices.set(`${address}:${PORT}`, device);
    await device.greeted;
    return device;
  }

  private openSocket(): Socket {
    this.socket = bareSocket();
    this.socket.on('message', (packet, { address, port }) =>
      this.devices.get(`${address}:${port}`)?.receive(packet),
    );
    return this.socket;
  }
}

class FloorDevice implements Device {
  private readonly keys = keysOf(TOKEN_BYTES);
  private did = 0;
  private stamp = 0;
  private stampAt = 0;
  private nextId = 1;
  private readonly commands: Command[] = [];
  private greet: () => void = () => undefined;
  readonly greeted = new Promise<void>((resolve) => {
    this.greet = resolve;
  });

  constructor(private readonly send: (packet: Buffer) => void) {
    send(HELLO);
  }

  call(method: string, params: unknown[]): Promise<unknown> {
    return new Promise((settle) => {
      const id = this.nextId++;
      this.commands.push({ id, plaintext: Buffer.from(JSON.stringify({ id, method, params })), settle });
      if (this.commands.length === 1) this.sendNext();
    });
  }

  receive(packet: Buffer): void {
    if (packet.length === HEADER_BYTES) {
      this.did = didOf(packet);
      this.hear(packet);
      this.greet();
      return;
    }
    const plaintext = decode(packet, this.keys);
    const [command] = this.commands;
    if (!plaintext || !command) return;
    const { id, result } = JSON.parse(plaintext.toString());
    if (id !== command.id) return;
    this.hear(packet);
    this.commands.shift();
    command.settle(result);
    this.sendNext();
  }

  private hear(packet: Buffer): void {
    this.stamp = stampOf(packet);
    this.stampAt = performance.now();
  }

  private sendNext(): void {
    const [command] = this.commands;
    if (!command) return;
    const stamp = this.stamp + Math.floor((performance.now() - this.stampAt) / 1000);
    this.send(encode(this.did, stamp, command.plaintext, this.keys));
  }
}

/** Hellos to all at once, and whoever answers. */
function sweep({ hosts }: Range, found: () => void): void {
  const socket = bareSocket();
  socket.on('message', found);
  for (const address of hosts) socket.send(HELLO, PORT, address);
}

function bareSocket(): Socket {
  // The addresses are numbers: without this lookup dgram would ask the resolver for every packet.
  const socket = createSocket({ type: 'udp4', lookup: (address, _, done) => done(null, address, 4) });
  return socket.bind(0, () => socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES));
}
