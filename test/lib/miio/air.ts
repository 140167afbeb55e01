/**
 * One strict device behind a network that loses packets by a chance that is the same in every run, all in memory and
 * in the time of fake timers, so that thousands of commands take a second.
 */
import sinon, { type SinonFakeTimers } from 'sinon';
import { Session } from '../../../lib/miio/session';
import { MiioSocket, type Receiver } from '../../../lib/miio/socket';
import {
  decodePacket,
  encodeHelloReply,
  encodePacket,
  isHello,
  parseCommand,
  tokenBytes,
} from '../../simulators/home/wire';

export interface AirOptions {
  /** Part of the packets that is lost on each way. */
  loss: number;
  /** How long the device works on a command. */
  delayMs: number;
  seed: number;
}

const TOKEN = tokenBytes('000102030405060708090a0b0c0d0e0f');
const DID = 4711n;
const WAY_MS = 1;

/** A generator of the same numbers in every run (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export class Air {
  readonly session: Session;
  /** How often each command was carried out, by its params. */
  readonly executed = new Map<string, number>();
  private readonly random: () => number;
  private readonly ids = new Set<number>();
  private receiver: Receiver = () => undefined;

  /** Needs fake timers. */
  constructor(readonly options: AirOptions) {
    this.random = seeded(options.seed);
    const socket = sinon.createStubInstance(MiioSocket);
    socket.open.resolves();
    socket.receive.callsFake((_address, _port, receiver) => {
      this.receiver = receiver;
      return () => undefined;
    });
    socket.send.callsFake((packet, _port, _address, onSent) => {
      this.carry(() => this.arrive(packet));
      onSent(null);
    });
    this.session = new Session({
      label: 'the lamp',
      address: '192.0.2.1',
      port: 54_321,
      token: TOKEN,
      socket,
      resolve: async (address) => address,
    });
  }

  private carry(arrive: () => void): void {
    if (this.random() >= this.options.loss) setTimeout(arrive, WAY_MS);
  }

  private arrive(packet: Buffer): void {
    if (isHello(packet)) {
      this.reply(encodeHelloReply(DID, this.stamp, Buffer.alloc(16, 0xff)));
      return;
    }
    const decoded = decodePacket(packet, TOKEN);
    const command = typeof decoded === 'string' ? decoded : parseCommand(decoded.plaintext);
    if (typeof command === 'string' || this.ids.has(command.id)) return;
    this.ids.add(command.id);
    setTimeout(() => this.execute(command), this.options.delayMs);
  }

  private execute({ id, params }: { id: number; params: unknown }): void {
    const key = JSON.stringify(params);
    this.executed.set(key, (this.executed.get(key) ?? 0) + 1);
    const answer = JSON.stringify({ id, result: params });
    this.reply(encodePacket({ did: DID, stamp: this.stamp, token: TOKEN }, answer));
  }

  private reply(packet: Buffer): void {
    this.carry(() => this.receiver(packet));
  }

  private get stamp(): number {
    return 1_000 + Math.floor(performance.now() / 1000);
  }
}

export interface Outcome {
  answered: number;
  /** Of the answered ones, in milliseconds, sorted. */
  durations: number[];
}

/** Commands one after the other, by default with the default deadline. */
export async function converse(
  clock: SinonFakeTimers,
  { session }: Air,
  commands: number,
  options: { retries: number; timeoutMs?: number },
): Promise<Outcome> {
  const durations: number[] = [];
  let state: 'talking' | 'done' = 'talking';
  const talk = async () => {
    for (let n = 0; n < commands; n++) {
      const command = session.call('get_prop', [n], { timeoutMs: 10_000, ...options });
      await command.then(
        ({ durationMs }) => durations.push(durationMs),
        () => undefined,
      );
    }
    state = 'done';
  };
  const talked = talk();
  while (state === 'talking') await clock.nextAsync();
  await talked;
  return { answered: durations.length, durations: durations.sort((a, b) => a - b) };
}
