/**
 * Hello and its answer: where the device is, its did and its clock. Says hello at growing intervals until it is
 * answered; accepts an answer only while one is awaited, only from the address asked, and never looks at its token
 * field. A device with a known id that keeps silent is looked for under another address.
 */
import { type Deferred, deferred, timePassed } from '../wait';
import type { Clue, Command } from './command';
import { deviceIdText, HELLO, type Packet } from './packet';
import type { MiioSocket } from './socket';

export interface HandshakeOptions {
  /** IP address or host name, resolved anew for every handshake. */
  address: string;
  port: number;
  socket: MiioSocket;
  /** Host name or IP address -> IPv4 address. */
  resolve(address: string): Promise<string>;
  /** The address at which a device answers now; undefined when it is not found. */
  locate?(deviceId: string): Promise<string | undefined>;
}

/** What the device last told of itself. */
interface Peer {
  address: string;
  did: Buffer;
  /** The device's clock in seconds, and when it was heard (monotonic, milliseconds). */
  stamp: number;
  heardAt: number;
}

const FIRST_WAIT_MS = 300;
const LONGEST_WAIT_MS = 1_000;
/** Strict firmware wants a recent handshake; every answer refreshes it. */
const VALID_MS = 60_000;
/** Unanswered hellos after which the device is looked for elsewhere. */
const HELLOS_BEFORE_LOCATING = 3;

export class Handshake {
  /** Kept when it is forgotten: a late answer must still be known as this device's. */
  peer: Peer | undefined;
  private awaited: (Deferred<void> & { deviceId?: string }) | undefined;
  private otherDevice: { found: string; deviceId: string } | undefined;
  private locatedAddress: string | undefined;
  private route: { address: string; close(): void } | 'none' | 'closed' = 'none';

  constructor(
    private readonly options: HandshakeOptions,
    private readonly session: { receive(datagram: Buffer): void; saw(clue: Clue): void },
  ) {}

  get valid(): boolean {
    return this.heardWithin(VALID_MS);
  }

  /** True if it is valid, and of the device that the command is for. */
  validFor({ deviceId }: Command): boolean {
    return this.valid && (deviceId === undefined || deviceId === this.deviceId);
  }

  /** Decimal, as the last hello told. */
  get deviceId(): string | undefined {
    return this.peer && deviceIdText(this.peer.did);
  }

  heardWithin(ms: number): boolean {
    return this.peer !== undefined && performance.now() - this.peer.heardAt < ms;
  }

  /** Returns with a valid peer, or without one when `command` is finished. */
  async exchange(command: Command): Promise<void> {
    this.forget();
    this.otherDevice = undefined;
    const awaited = { ...deferred<void>(), deviceId: command.deviceId };
    this.awaited = awaited;
    for (let hellos = 1, wait = FIRST_WAIT_MS; command.open; hellos++) {
      await this.sayHello(hellos, command.deviceId);
      if (!(await timePassed(wait, awaited.promise, command.finished))) break;
      wait = Math.min(2 * wait, LONGEST_WAIT_MS);
      if (this.otherDevice) this.session.saw(this.otherDevice);
    }
    this.awaited = undefined;
  }

  /** A header without data has arrived: true if it is the answer that was awaited. */
  accept(packet: Packet): boolean {
    if (!this.awaited || typeof this.route === 'string') return false;
    const { deviceId } = this.awaited;
    const found = deviceIdText(packet.did);
    if (deviceId && deviceId !== found) {
      this.otherDevice = { found, deviceId };
      return false;
    }
    this.peer = {
      address: this.route.address,
      did: Buffer.from(packet.did),
      stamp: packet.stamp,
      heardAt: performance.now(),
    };
    this.awaited.resolve();
    this.awaited = undefined;
    return true;
  }

  /** A verified answer tells the clock as well as a hello does. */
  refresh(stamp: number): void {
    if (this.peer) this.peer = { ...this.peer, stamp, heardAt: performance.now() };
  }

  /** What was heard is not to be relied on any more. */
  forget(): void {
    if (this.peer) this.peer = { ...this.peer, heardAt: Number.NEGATIVE_INFINITY };
  }

  close(): void {
    if (typeof this.route === 'object') this.route.close();
    this.route = 'closed';
    this.awaited?.resolve();
  }

  private async sayHello(hellos: number, deviceId: string | undefined): Promise<void> {
    const { address, locate, port, resolve, socket } = this.options;
    try {
      if (deviceId && locate && hellos === HELLOS_BEFORE_LOCATING) {
        this.locatedAddress = await locate(deviceId);
      }
      const resolved = await resolve(this.locatedAddress ?? address);
      this.listenTo(resolved);
      if (this.route !== 'closed') await socket.send(HELLO, port, resolved);
    } catch (error) {
      this.session.saw({ unsent: error });
    }
  }

  private listenTo(address: string): void {
    if (this.route === 'closed') return;
    if (this.route !== 'none') {
      if (this.route.address === address) return;
      this.route.close();
    }
    this.route = {
      address,
      close: this.options.socket.receive(address, this.options.port, this.session.receive),
    };
  }
}

/** The device's clock now; wraps at 32 bits as the field does. */
export function stampNow(peer: Peer): number {
  return (peer.stamp + Math.floor((performance.now() - peer.heardAt) / 1000)) >>> 0;
}
