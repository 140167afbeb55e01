/**
 * One miIO device on the local network, as strict firmware behaves (reference/miio.md chapters 1, 2 and 10).
 *
 * A datagram's way: hello -> answered at once. Else checksum with the own token -> own did -> stamp near the own
 * clock -> strict JSON with a good id -> id not among the last 32 -> queue -> executed, one at a time -> answer.
 * Whatever fails on the way is dropped without an answer; the event `dropped` says why.
 */
import { EventEmitter } from 'node:events';
import { happens, noFaults, spoilAnswer } from './faults';
import { Link, openSocket, type Peer } from './link';
import { type DeviceError, deviceErrorOf, firmwareMethods, invalidParams, methodNotFound } from './methods';
import type { SimulatedDeviceOptions } from './options';
import { Properties } from './properties';
import {
  type Command,
  decodePacket,
  didNumber,
  encodeHelloReply,
  encodePacket,
  isHello,
  parseCommand,
  tokenBytes,
} from './wire';

const REMEMBERED_IDS = 32;
const MAX_STAMP_AGE_S = 60;
const MAX_STAMP_AHEAD_S = 5;

interface DeviceEvents {
  hello: [from: Peer];
  /** A valid command has come in, or come in again. */
  command: [command: Command & { from: Peer }];
  /** A command was carried out. */
  executed: [command: Command];
  /** A property has a new value. */
  change: [name: string, value: unknown];
  /** A datagram was dropped, on the way in or out. */
  dropped: [reason: string];
}

interface Job {
  command: Command;
  request: Buffer;
  from: Peer;
}

type Answer = { id: number } & ({ result: unknown } | { error: DeviceError });

export class SimulatedDevice extends EventEmitter<DeviceEvents> {
  readonly faults = noFaults();
  /** What was really carried out: not repeats, and not what was refused with an error. */
  readonly executed: Command[] = [];
  /** Every valid command datagram, repeats and those met in silence included. */
  readonly received: { id: number; method: string }[] = [];

  private readonly ownDid: bigint;
  private tokenNow: Buffer;
  private readonly properties: Properties;
  private readonly methods: ReturnType<typeof firmwareMethods>;
  /** undefined: unplugged. */
  private link: Link | undefined;
  /** The port of the last start. */
  private lastPort: number;
  private boot = { stamp: 0, atMs: 0 };
  private recentIds: number[] = [];
  /** The first one is being worked on. */
  private queue: Job[] = [];
  private workTimer: NodeJS.Timeout | undefined;

  /** Throws RangeError when did or token is malformed. */
  constructor(readonly options: SimulatedDeviceOptions) {
    super();
    this.ownDid = didNumber(options.did);
    this.tokenNow = tokenBytes(options.token);
    this.lastPort = options.port ?? 54321;
    this.properties = new Properties(options, (name, value) => this.emit('change', name, value));
    this.methods = firmwareMethods(options, this.properties, () => this.info());
  }

  get address(): string {
    return this.options.address ?? '127.0.0.1';
  }

  /** Known after the first start when the options say 0. */
  get port(): number {
    return this.lastPort;
  }

  get did(): string {
    return this.options.did;
  }

  /** 32 hex digits. */
  get token(): string {
    return this.tokenNow.toString('hex');
  }

  /** The value of a classic property, or of 'siid.piid'; undefined: no such property. */
  get(name: string): unknown {
    return this.properties.get(name);
  }

  /** Sets it as by hand on the device: read-only ones too. */
  set(name: string, value: unknown): void {
    this.properties.set(name, value);
  }

  /** As provisioning does; the handshake of a client stays good, its old token does not. */
  resetToken(token: string): void {
    this.tokenNow = tokenBytes(token);
  }

  /** Plugs the device in. Rejects when its address is in use. Await it before the next start or stop. */
  start(): Promise<void> {
    return this.powerUp(this.options.stamp ?? 1000);
  }

  /** Unplugs the device: commands not yet executed are lost, property values stay. */
  async stop(): Promise<void> {
    const link = this.link;
    this.link = undefined;
    clearTimeout(this.workTimer);
    this.queue = [];
    this.recentIds = [];
    await link?.close();
  }

  /** Unplugs it and plugs it in again, its clock at 0. */
  async reboot(): Promise<void> {
    await this.stop();
    await this.powerUp(0);
  }

  /** Takes a datagram that reached the device's socket, or a broadcast. */
  receive(datagram: Buffer, from: Peer): void {
    if (!this.link) return;
    if (happens(this.faults.lossIn, this.faults.random)) this.drop('loss-in');
    else if (isHello(datagram)) this.answerHello(from);
    else this.receiveCommand(datagram, from);
  }

  private async powerUp(stamp: number): Promise<void> {
    if (this.link) return;
    const socket = await openSocket(
      this.address,
      this.lastPort,
      (datagram, from) => this.receive(datagram, from),
      (error) => this.drop(`socket: ${error.message}`),
    );
    this.link = new Link(socket, this.faults, (reason) => this.drop(reason));
    this.lastPort = this.link.port;
    this.boot = { stamp, atMs: performance.now() };
  }

  private answerHello(from: Peer): void {
    this.emit('hello', from);
    if (this.faults.silent) {
      this.drop('silent');
      return;
    }
    const tokenField = { disclosed: this.tokenNow, zeros: Buffer.alloc(16), ff: Buffer.alloc(16, 0xff) };
    const shown = tokenField[this.options.helloToken ?? 'ff'];
    this.link?.send(encodeHelloReply(this.replyDid(), this.stamp(), shown), from);
  }

  private receiveCommand(request: Buffer, from: Peer): void {
    const command = this.understand(request);
    if (typeof command === 'string') {
      this.drop(command);
      return;
    }
    this.received.push({ id: command.id, method: command.method });
    this.emit('command', { ...command, from });
    if (this.faults.silent || this.faults.silentCommands) this.drop('silent');
    else if (this.recentIds.includes(command.id)) this.drop('repeated-id');
    else this.enqueue({ command, request, from });
  }

  /** The command in a datagram, or why the device does not listen to it. */
  private understand(datagram: Buffer): Command | string {
    const packet = decodePacket(datagram, this.tokenNow);
    if (typeof packet === 'string') return packet;
    if (packet.did !== this.ownDid) return 'other-did';
    if (this.faults.stampStrict && !this.isNear(packet.stamp)) return 'stamp';
    return parseCommand(packet.plaintext);
  }

  private enqueue(job: Job): void {
    this.recentIds = [...this.recentIds, job.command.id].slice(-REMEMBERED_IDS);
    this.queue.push(job);
    if (this.queue.length === 1) this.workOn(job);
  }

  private workOn(job: Job): void {
    if (this.faults.delayMs > 0) this.workTimer = setTimeout(() => this.finish(job), this.faults.delayMs);
    else this.finish(job);
  }

  private finish(job: Job): void {
    const answer = this.execute(job.command);
    if ('result' in answer) {
      this.executed.push(job.command);
      this.emit('executed', job.command);
    }
    this.answer(job, answer);
    this.queue.shift();
    const [next] = this.queue;
    if (next) this.workOn(next);
  }

  private execute({ id, method: name, params }: Command): Answer {
    try {
      const method = this.methods.get(name);
      if (!method) throw methodNotFound();
      if (params === undefined) throw invalidParams();
      return { id, result: method(params) };
    } catch (thrown) {
      return { id, error: deviceErrorOf(thrown) };
    }
  }

  private answer({ request, from }: Job, body: Answer): void {
    const envelope = { did: this.replyDid(), stamp: this.stamp(), token: this.tokenNow };
    const { corrupt, random } = this.faults;
    const datagram = corrupt
      ? spoilAnswer(corrupt, envelope, body, request, random)
      : encodePacket(envelope, JSON.stringify(body));
    this.link?.send(datagram, from);
  }

  /** The device's clock, in seconds; it wraps at 32 bit. */
  private stamp(): number {
    const elapsedS = Math.floor((performance.now() - this.boot.atMs) / 1000);
    return (this.boot.stamp + elapsedS) >>> 0;
  }

  private isNear(stamp: number): boolean {
    // The difference as a signed 32 bit number stays right when the clock wraps.
    const aheadS = (stamp - this.stamp()) | 0;
    return aheadS <= MAX_STAMP_AHEAD_S && aheadS >= -MAX_STAMP_AGE_S;
  }

  private replyDid(): bigint {
    return this.faults.replyDid === null ? this.ownDid : didNumber(this.faults.replyDid);
  }

  private drop(reason: string): void {
    this.emit('dropped', reason);
  }

  private info(): object {
    const tail = (this.ownDid & 0xffffffn).toString(16).toUpperCase().padStart(6, '0');
    return {
      life: this.stamp(),
      model: this.options.model,
      token: this.token,
      mac: `28:6C:07:${tail.match(/../g)?.join(':')}`,
      fw_ver: this.options.firmware ?? '1.0.0',
      hw_ver: 'MW300',
      ap: { ssid: 'home', bssid: '28:6C:07:00:00:01', rssi: -45 },
      netif: { localIp: this.address, mask: '255.0.0.0', gw: '127.0.0.1' },
    };
  }
}
