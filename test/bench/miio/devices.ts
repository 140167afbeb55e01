/**
 * The devices, in a process of their own: a socket for each, on the port that the peers insist on. They do no more
 * than they must, so that it is the clients that are measured: a command is decrypted but not verified, and answered
 * at once or `delayMs` later. An id seen before is dropped silently, as real devices do. The network in front of a
 * device loses packets by a chance that is the same in every run.
 *
 *   node devices.js <network> <HomeOptions>     prints `ready`, and its Counts when its input has ended
 */

import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { addressesOf, type Counts, clock, type HomeOptions, TOKEN } from './home';
import { decrypt, encode, HEADER_BYTES, HELLO, header, keysOf, PORT } from './wire';

/** Executions of one command. */
interface Execution {
  times: number;
  /** An answer has left and was not lost. */
  answered: boolean;
  inVain: boolean;
}

const FIRST_DID = 1_000_001;
const FIRST_STAMP = 1_000;
const REHEARSALS = 50;
/** Never lost, so that every client connects: hello and miIO.info of `miio`, hello and the first command of others. */
const CLEAN_PACKETS = 2;
const HIDDEN_TOKEN = Buffer.alloc(16, 0xff);
const RESULT = ['ok'];
/** Of the Wi-Fi module itself, which is never slow. */
const INFO = { model: 'bench.device.v1', fw_ver: '1.0.0' };

const keys = keysOf(Buffer.from(TOKEN, 'hex'));
const executions = new Map<string, Execution>();

class Device {
  private readonly ids = new Set<number>();
  private readonly chance: () => number;
  private packets = 0;

  constructor(
    private readonly socket: Socket,
    private readonly did: number,
    private readonly options: HomeOptions,
  ) {
    this.chance = chanceFrom(did);
    socket.on('message', (packet, sender) => this.receive(packet, sender));
  }

  private receive(packet: Buffer, sender: RemoteInfo): void {
    this.packets++;
    if (this.loses()) return;
    if (packet.length === HEADER_BYTES) {
      if (!this.loses()) this.send(header(HEADER_BYTES, this.did, stamp(), HIDDEN_TOKEN), sender);
      return;
    }
    const { id, method, params } = JSON.parse(withoutNul(decrypt(packet, keys)));
    if (this.ids.has(id)) return;
    this.ids.add(id);
    if (method === 'miIO.info') this.reply(id, INFO, sender);
    else this.execute(id, String(params[0]), sender);
  }

  private execute(id: number, command: string, sender: RemoteInfo): void {
    const lost = this.loses();
    count(command, !lost);
    if (lost) return;
    const { delayMs } = this.options;
    if (delayMs) setTimeout(() => this.reply(id, RESULT, sender), delayMs);
    else this.reply(id, RESULT, sender);
  }

  private reply(id: number, result: unknown, sender: RemoteInfo): void {
    const answer = Buffer.from(JSON.stringify({ result, id }));
    this.send(encode(this.did, stamp(), answer, keys), sender);
  }

  private loses(): boolean {
    return this.packets > CLEAN_PACKETS && this.chance() < (this.options.loss ?? 0);
  }

  private send(packet: Buffer, { port, address }: RemoteInfo): void {
    this.socket.send(packet, port, address);
  }
}

function count(command: string, answered: boolean): void {
  const before = executions.get(command) ?? { times: 0, answered: false, inVain: false };
  executions.set(command, {
    times: before.times + 1,
    answered: before.answered || answered,
    inVain: before.inVain || before.answered,
  });
}

function stamp(): number {
  return FIRST_STAMP + Math.floor(process.uptime());
}

/** `miio-api` ends its texts with NUL. */
function withoutNul(plaintext: Buffer): string {
  return plaintext.toString('utf8', 0, plaintext.at(-1) === 0 ? plaintext.length - 1 : plaintext.length);
}

/** Numbers of [0, 1) that look like chance (mulberry32). */
function chanceFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function listen(address: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createSocket({ type: 'udp4', lookup: (name, _, done) => done(null, name, 4) });
    socket.on('error', reject);
    socket.bind(PORT, address, () => resolve(socket));
  });
}

/** So that a client's first command meets devices that have answered before, and not a program that has just started. */
async function rehearse(network: number): Promise<void> {
  const address = `127.${network}.255.254`;
  const devices = await listen(address);
  new Device(devices, FIRST_DID, { devices: 1 });
  const client = createSocket('udp4');
  const ask = (packet: Buffer) => {
    client.send(packet, PORT, address);
    return once(client, 'message');
  };
  for (let id = 1; id <= REHEARSALS; id++) {
    await ask(HELLO);
    await ask(
      encode(FIRST_DID, stamp(), Buffer.from(JSON.stringify({ id, method: 'get_prop', params: [id] })), keys),
    );
  }
  client.close();
  devices.close();
  executions.clear();
}

function counts(firstPacketAt: number): Counts {
  const all = [...executions.values()];
  return {
    executed: all.length,
    executedTwice: all.filter(({ times }) => times > 1).length,
    executedInVain: all.filter(({ inVain }) => inVain).length,
    firstPacketAt,
  };
}

async function main(network: number, options: HomeOptions): Promise<void> {
  let firstPacketAt: number | undefined;
  await rehearse(network);
  for (const [index, address] of addressesOf(network, options.devices).entries()) {
    const socket = await listen(address);
    socket.once('message', () => {
      firstPacketAt ??= clock();
    });
    new Device(socket, FIRST_DID + index, options);
  }
  process.stdout.write('ready\n');
  process.stdin.resume().on('end', () => {
    process.stdout.write(JSON.stringify(counts(firstPacketAt ?? Number.NaN)), () => process.exit());
  });
}

void main(Number(process.argv[2]), JSON.parse(process.argv[3] ?? ''));
