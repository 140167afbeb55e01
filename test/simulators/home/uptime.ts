/**
 * A device from the moment it is plugged in until it is unplugged: what it knows only as long as it has power.
 *
 * A datagram's way: hello -> answered at once. Else checksum with the own token -> own did -> stamp near the own
 * clock -> strict JSON with a good id -> id not among the last 32 -> queue -> executed, one at a time -> answer.
 * Whatever fails on the way is dropped without an answer; the event `dropped` says why.
 */
import type { Socket } from 'node:dgram';
import { Clock } from './clock';
import { happens, spoilAnswer } from './faults';
import type { Firmware } from './firmware';
import { Link, type Peer } from './link';
import type { DeviceError } from './methods';
import {
  type Command,
  decodePacket,
  didNumber,
  encodeHelloReply,
  encodePacket,
  isHello,
  type Packet,
  parseCommand,
  parseReply,
} from './wire';
import { Work } from './work';

const REMEMBERED_IDS = 32;

export type Answer = { id: number } & ({ result: unknown } | { error: DeviceError });

interface Job {
  command: Command;
  request: Buffer;
  /** Length of the JSON. */
  bytes: number;
  /** The answer is sealed as the request was, even when the command changes the token. */
  token: Buffer;
  from: Peer;
}

export class Uptime {
  private readonly link: Link;
  private readonly clock: Clock;
  private recentIds: number[] = [];
  private readonly work = new Work<Job>(
    ({ command, bytes }) => this.firmware.durationMs(command, bytes),
    (job) => this.finish(job),
  );

  /** `stamp` is what the clock shows at first. */
  constructor(
    socket: Socket,
    stamp: number,
    private readonly firmware: Firmware,
  ) {
    this.link = new Link(socket, firmware.faults, (reason) => firmware.dropped(reason));
    this.clock = new Clock(stamp);
  }

  /** The port the socket is bound to. */
  get port(): number {
    return this.link.port;
  }

  /** The device's clock, in seconds. */
  get stamp(): number {
    return this.clock.now;
  }

  /** Commands not yet executed are lost. */
  close(): Promise<void> {
    this.work.forget();
    return this.link.close();
  }

  /** Seals and sends a message of the device's own accord. */
  tell(message: object, to: Peer): void {
    this.transmit(encodePacket(this.envelope(this.firmware.token), JSON.stringify(message)), to);
  }

  receive(datagram: Buffer, from: Peer): void {
    const { faults } = this.firmware;
    if (happens(faults.lossIn, faults.random)) this.firmware.dropped('loss-in');
    else if (isHello(datagram)) this.answerHello(datagram, from);
    else if (!this.firmware.overhear(datagram, from)) this.receivePacket(datagram, from);
  }

  /** Sends a ready datagram; a silent device does not. */
  transmit(datagram: Buffer, to: Peer): void {
    if (this.firmware.faults.silent) this.firmware.dropped('silent');
    else this.link.send(datagram, to);
  }

  private answerHello(hello: Buffer, from: Peer): void {
    const tokenField = this.firmware.greet(hello, from);
    this.transmit(encodeHelloReply(this.replyDid(), this.stamp, tokenField), from);
  }

  private receivePacket(datagram: Buffer, from: Peer): void {
    const packet = this.open(datagram);
    if (typeof packet === 'string') {
      this.firmware.dropped(packet);
      return;
    }
    const reply = parseReply(packet.plaintext);
    const reason = reply
      ? this.firmware.takeReply(reply, from)
      : this.receiveCommand(packet.plaintext, datagram, from);
    if (reason !== undefined) this.firmware.dropped(reason);
  }

  /** The packet in a datagram, or why the device does not listen to it. */
  private open(datagram: Buffer): Packet | string {
    const packet = decodePacket(datagram, this.firmware.token);
    if (typeof packet === 'string') return packet;
    if (packet.did !== this.firmware.did) return 'other-did';
    if (this.firmware.faults.stampStrict && !this.clock.isNear(packet.stamp)) return 'stamp';
    return packet;
  }

  /** Gives the reason to drop it. */
  private receiveCommand(plaintext: Buffer, request: Buffer, from: Peer): string | undefined {
    const command = parseCommand(plaintext);
    if (typeof command === 'string') return command;
    this.firmware.heard(command, from);
    const { silent, silentCommands } = this.firmware.faults;
    if (silent || silentCommands) return 'silent';
    if (this.recentIds.includes(command.id)) return 'repeated-id';
    this.recentIds = [...this.recentIds, command.id].slice(-REMEMBERED_IDS);
    this.work.add({ command, request, bytes: plaintext.length, token: this.firmware.token, from });
    return undefined;
  }

  private finish({ command, request, bytes, token, from }: Job): void {
    const answer = this.firmware.execute(command, bytes);
    if (!answer) return;
    const envelope = this.envelope(token);
    const { corrupt, random } = this.firmware.faults;
    const datagram = corrupt
      ? spoilAnswer(corrupt, envelope, answer, request, random)
      : encodePacket(envelope, JSON.stringify(answer));
    this.link.send(datagram, from);
  }

  private envelope(token: Buffer): { did: bigint; stamp: number; token: Buffer } {
    return { did: this.replyDid(), stamp: this.stamp, token };
  }

  private replyDid(): bigint {
    const { replyDid } = this.firmware.faults;
    return replyDid === null ? this.firmware.did : didNumber(replyDid);
  }
}
