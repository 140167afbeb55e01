/**
 * Hello and its answer: where the device is, its did and its clock.
 *
 *   exchange     before a command: says hello again and again until it is answered. A device that keeps silent is
 *                then greeted wherever else it may be: at the configured address, where discovery has seen it, and
 *                where a search for its id finds it.
 *   reassurance  while an answer is overdue: one hello beside the repeated command, so that a device that is there
 *                costs no round trip more, and one that has restarted shows it by its clock.
 *
 * An answer counts only while one is awaited, from an address that was asked, and its token field is never looked at.
 *
 * It proves nothing: anybody can give it in the device's name. So a place, which is an address or host name, is
 *
 *   provisional ─ signed answer ▶ trusted      the configured one until another is
 *        └─ command unanswered ▶ failed ─ signed answer ▶ trusted
 *
 * and a failed one is greeted only when the configured and the trusted one keep silent.
 */
import { isIPv4 } from 'node:net';
import type { Clue } from './clues';
import type { Command, Wakening } from './command';
import { deviceIdText, HELLO, type Packet } from './packet';
import { isBehind, type Peer } from './peer';
import type { MiioSocket, OnSent } from './socket';

export interface HandshakeOptions {
  /** IP address or host name, resolved anew for every handshake. */
  address: string;
  port: number;
  socket: MiioSocket;
  /** Host name or IP address -> IPv4 address. */
  resolve(address: string): Promise<string>;
  /** The address at which a device answers now; undefined when it is not found, or `ended` settles before. */
  locate?(deviceId: string, ended: Promise<unknown>): Promise<string | undefined>;
}

/** Whoever speaks to the device. */
export interface HandshakeOwner {
  /** A datagram has come from an address that was asked. */
  receive(datagram: Buffer, address: string): void;
  saw(clue: Clue): void;
  /** What has become of a hello. */
  readonly onSent: OnSent;
  /** Its clock was set back: what the device remembered of us it has forgotten. */
  restarted(): void;
}

/** Often at first, since hellos get lost too; then patiently, since the device is not there. */
const OFTEN = { hellos: 10, everyMs: 300 };
const PATIENTLY_MS = 1_000;
/** Strict firmware wants a recent handshake; every answer refreshes it. */
const VALID_MS = 60_000;
/** Hellos of an exchange after which the device is looked for elsewhere. */
const HELLOS_BEFORE_SEARCHING = 3;
/** A clock that is further behind than this was set back: the device has restarted. */
const CLOCK_TOLERANCE_S = 2;

/** The hello whose answer is awaited, as long as its command is open. */
interface Awaited {
  purpose: 'exchange' | 'reassurance';
  command: Command;
  /** Of the device that has to answer; undefined: whoever is there. */
  deviceId: string | undefined;
  /** To which its hellos went. */
  addresses: Set<string>;
}

/** An address that was asked and may still answer. */
interface Route {
  address: string;
  /** The address or host name that led to it. */
  place: string;
  stopListening(): void;
}

export class Handshake {
  /** Kept when it is doubted: a late answer must still be known as this device's. */
  peer: Peer | undefined;
  private standing: 'good' | 'doubted' | 'closed' = 'doubted';
  private awaited: Awaited | undefined;
  /** Where it answered last: the address or host name. */
  private place: string;
  /** Where a command was answered last; until then the configured address. */
  private trustedPlace: string;
  /** Where one was not answered since. */
  private failedPlace: string | undefined;
  /** Where discovery has seen it, to be tried when it keeps silent. */
  private seenAt: string | undefined;
  private routes: readonly Route[] = [];
  /** The places that the name server was asked for and has not told. */
  private lookups: readonly string[] = [];

  constructor(
    private readonly options: HandshakeOptions,
    private readonly owner: HandshakeOwner,
  ) {
    this.place = options.address;
    this.trustedPlace = options.address;
  }

  get valid(): boolean {
    return this.standing === 'good' && this.heardWithin(VALID_MS);
  }

  /** True if it is valid, and of the device that the command is for, as far as commands have shown. */
  validFor({ deviceId }: Command): boolean {
    if (this.place === this.failedPlace) return false;
    return this.valid && (deviceId === undefined || deviceId === this.deviceId);
  }

  /** False where hello was answered, but no command yet. */
  get isTrusted(): boolean {
    return this.place === this.trustedPlace;
  }

  /** Decimal, as the last hello told. */
  get deviceId(): string | undefined {
    return this.peer?.deviceId;
  }

  /** The IPv4 addresses that were asked since the device was heard last. */
  get asked(): string[] {
    return this.routes.map(({ address }) => address);
  }

  /** A host name that is being looked up. */
  get unresolvedName(): string | undefined {
    return this.lookups[0];
  }

  heardWithin(ms: number): boolean {
    return this.peer !== undefined && performance.now() - this.peer.heardAt < ms;
  }

  /** Says hello until the device has answered: then calls `greeted`, unless the command is finished before. */
  exchange(command: Command, greeted: () => void): void {
    const places = this.firstPlaces();
    let hellos = 0;
    const sayHelloAndWait = () => {
      hellos++;
      if (hellos === HELLOS_BEFORE_SEARCHING) this.searchFor(command, places);
      for (const place of places) void this.sayHello(place);
      command.sleepUntil(performance.now() + (hellos <= OFTEN.hellos ? OFTEN.everyMs : PATIENTLY_MS), awaken);
    };
    const awaken = (wakening: Wakening) => {
      if (wakening === 'greeted') greeted();
      else sayHelloAndWait();
    };
    this.awaited = { purpose: 'exchange', command, deviceId: command.deviceId, addresses: new Set() };
    sayHelloAndWait();
  }

  /** The answer to `command` is overdue: is the device still there, and its clock what we think? */
  reassure(command: Command): void {
    if (!this.peer) return;
    this.awaited = { purpose: 'reassurance', command, deviceId: this.deviceId, addresses: new Set() };
    void this.sayHello(this.peer.address);
  }

  /** A header without data has come from `address`: true if it is the answer that was awaited. */
  accept(packet: Packet, address: string): boolean {
    const { awaited, peer } = this;
    if (!awaited?.command.open || !awaited.addresses.has(address)) return false;
    const found = deviceIdText(packet.did);
    if (awaited.deviceId !== undefined && awaited.deviceId !== found) {
      // Not the one that this command is for, but perhaps the one that others use: then that one is well.
      if (found === this.deviceId) this.refresh(packet.stamp);
      this.owner.saw({ found, deviceId: awaited.deviceId });
      return false;
    }
    const restarted = peer !== undefined && isBehind(peer, packet.stamp, CLOCK_TOLERANCE_S);
    this.awaited = undefined;
    this.peer = {
      address,
      did: Buffer.from(packet.did),
      deviceId: found,
      stamp: packet.stamp,
      heardAt: performance.now(),
    };
    this.standing = 'good';
    this.settleAt(address);
    if (awaited.purpose === 'exchange') awaited.command.wake('greeted');
    else if (restarted) awaited.command.wake('restarted');
    if (restarted) this.owner.restarted();
    return true;
  }

  /** A verified answer tells the clock as well as a hello does. */
  refresh(stamp: number): void {
    if (!this.peer || this.standing === 'closed') return;
    this.peer.stamp = stamp;
    this.peer.heardAt = performance.now();
    this.standing = 'good';
  }

  /** A verified answer has come from this address: whoever is there has the token. */
  prove(stamp: number, address: string): void {
    if (!this.peer) return;
    this.refresh(stamp);
    const isNews = this.peer.address !== address || !this.isTrusted || this.failedPlace !== undefined;
    if (!isNews && this.routes.length === 1) return;
    this.peer.address = address;
    this.settleAt(address);
    this.trustedPlace = this.place;
    this.failedPlace = undefined;
  }

  /** A command was not answered. */
  unanswered(): void {
    if (!this.isTrusted) this.failedPlace = this.place;
  }

  /** What was heard until `moment` (of `performance.now()`) is not to be relied on any more. */
  doubt(moment: number): void {
    if (this.standing === 'good' && this.peer && this.peer.heardAt <= moment) this.standing = 'doubted';
  }

  /** Discovery has met the device at this address. It is believed only when the device keeps silent at its old one. */
  moved(address: string): void {
    if (address !== this.peer?.address) this.seenAt = address;
  }

  close(): void {
    this.standing = 'closed';
    this.awaited = undefined;
    this.settleAt(undefined);
  }

  /** Where the device is greeted at once. */
  private firstPlaces(): Set<string> {
    if (this.place !== this.failedPlace) return new Set([this.place]);
    const places = new Set([this.options.address, this.trustedPlace]);
    places.delete(this.failedPlace);
    return places;
  }

  /** Adds the places where a silent device may be now. */
  private searchFor({ deviceId, answer }: Command, places: Set<string>): void {
    places.add(this.place);
    places.add(this.options.address);
    if (this.seenAt !== undefined) places.add(this.seenAt);
    this.seenAt = undefined;
    if (deviceId === undefined) return;
    this.options.locate?.(deviceId, answer).then(
      (address) => address !== undefined && places.add(address),
      () => undefined,
    );
  }

  private async sayHello(place: string): Promise<void> {
    const { port, socket } = this.options;
    // A name server that keeps silent is not asked again beside the first time: its answer serves the hello of then.
    if (this.lookups.includes(place)) return;
    try {
      const address = isIPv4(place) ? place : await this.lookUp(place);
      await socket.open();
      if (!this.awaited?.command.open) return;
      this.awaited.addresses.add(address);
      this.listenTo(address, place);
      socket.send(HELLO, port, address, this.owner.onSent);
    } catch (error) {
      this.owner.onSent(error);
    }
  }

  private async lookUp(place: string): Promise<string> {
    this.lookups = this.lookups.concat(place);
    try {
      return await this.options.resolve(place);
    } finally {
      this.lookups = this.lookups.filter((one) => one !== place);
    }
  }

  private listenTo(address: string, place: string): void {
    if (this.standing === 'closed' || this.asked.includes(address)) return;
    const { port, socket } = this.options;
    const stopListening = socket.receive(address, port, (datagram) => this.owner.receive(datagram, address));
    this.routes = this.routes.concat({ address, place, stopListening });
  }

  /** The device is there and nowhere else. */
  private settleAt(address: string | undefined): void {
    const route = this.routes.find((one) => one.address === address);
    for (const other of this.routes) if (other !== route) other.stopListening();
    this.routes = route ? [route] : [];
    if (route) this.place = route.place;
  }
}
