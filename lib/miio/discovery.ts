/**
 * Finds devices: says hello to targets (a few times, since UDP loses packets) and collects who answers until the time
 * is over. One socket for each local address, so that every interface's broadcast leaves by that interface. A search
 * of the whole network asks by mDNS, too, and says hello to whoever is announced there: nobody is found who does not
 * answer hello.
 */
import type { Socket } from 'node:dgram';
import { networkInterfaces } from 'node:os';
import { onAbort } from '../abort';
import { MialinkError } from '../errors';
import { runListener } from '../listener';
import { silentLogger } from '../logger';
import { deferred, timePassed } from '../wait';
import { unresolved } from './clues';
import { Mdns } from './mdns';
import { type Announcement, type DeviceName, readName } from './mdns-records';
import { deviceIdText, HELLO, parsePacket } from './packet';
import { textOf, wholeNumber } from './settings';
import { openSocket, type SocketOptions, unsentError } from './socket';
import { broadcastTargets, parseTargets, type Target } from './targets';
import { disclosedToken } from './token';

/** A device that answered hello. */
export interface FoundDevice {
  address: string;
  port: number;
  /** Decimal. */
  deviceId: string;
  /** The device's clock in seconds. */
  stamp: number;
  /** 32 hexadecimal digits, if the device discloses it to anybody. */
  token?: string;
  /** Such as `yeelink.light.color1`, if its name tells it. */
  model?: string;
  /** As mDNS tells it, or the host name that was searched. */
  name?: string;
}

export interface DiscoveryOptions {
  /** What `parseTargets` reads; blank: the broadcast address of every interface, and mDNS. */
  addresses?: string;
  /** How long to listen, and to wait for the addresses of host names before; default 3000. */
  timeoutMs?: number;
  /** Local IP address to send from; blank: chosen by the system. */
  bindAddress?: string;
  /** Called for each device as it is found; its name may be heard later. */
  onFound?(device: FoundDevice): void;
  /** Ends the search with what was found so far. */
  signal?: AbortSignal;
  /** Host name -> IPv4 address. */
  resolve(address: string): Promise<string>;
  /** For tests. */
  interfaces?: typeof networkInterfaces;
  createSocket?: SocketOptions['createSocket'];
  mdnsPort?: number;
}

/** Behind each hello the answers are awaited until this part of the whole time. */
const WAITS_END = [0.15, 0.5, 1];
/** Hellos sent at once, and the pause behind them: a sweep must not overrun its own socket. */
const BURST = 64;
const BURST_PAUSE_MS = 4;
const NO_DEVICE = '0';
/** More are no home, but a liar's: they are not listened to. */
const MOST_FOUND = 10_000;
const MOST_ANNOUNCED = 256;

/**
 * Every device once, by its id. Rejects when an option is not understood, when no interface broadcasts, or when no
 * socket could send at all.
 */
export async function discover(given: DiscoveryOptions): Promise<FoundDevice[]> {
  const timeoutMs = wholeNumber('discovery', 'timeoutMs', 1, given.timeoutMs ?? 3_000);
  const addresses = textOf('discovery', 'addresses', given.addresses);
  const bindAddress = textOf('discovery', 'bindAddress', given.bindAddress);
  const options = { ...given, addresses, bindAddress };
  const ended = deferred<void>();
  const end = () => ended.resolve();
  if (options.signal) onAbort(options.signal, end);
  try {
    const targets = await chooseTargets(options, timeoutMs, ended.promise);
    return options.signal?.aborted ? [] : await searchAt(targets, options, timeoutMs, ended.promise);
  } finally {
    options.signal?.removeEventListener('abort', end);
  }
}

async function searchAt(
  targets: Target[],
  options: DiscoveryOptions,
  timeoutMs: number,
  ended: Promise<unknown>,
): Promise<FoundDevice[]> {
  const search = new Search(targets, options);
  try {
    await search.run(timeoutMs, ended);
  } finally {
    search.close();
  }
  return search.result();
}

async function chooseTargets(
  options: DiscoveryOptions,
  timeoutMs: number,
  ended: Promise<unknown>,
): Promise<Target[]> {
  const { addresses = '', bindAddress = '', resolve } = options;
  const broadcasts = broadcastTargets((options.interfaces ?? networkInterfaces)());
  if (isBlank(addresses)) {
    if (bindAddress === '') {
      if (broadcasts.length > 0) return broadcasts;
      throw new MialinkError('noBroadcast');
    }
    const own = broadcasts.filter((target) => target.from === bindAddress);
    if (own.length > 0) return own;
    throw new MialinkError('socketFailed', { device: bindAddress, cause: 'no interface broadcasts from it' });
  }
  const named = parseTargets(addresses, bindAddress);
  const usable: Target[] = [];
  const failures: unknown[] = [];
  const lookups = named.map(async (target) => {
    try {
      const address = await resolve(target.address);
      const isBroadcast = address.endsWith('.255') || broadcasts.some((known) => known.address === address);
      const broadcast = target.broadcast ?? isBroadcast;
      const name = address === target.address ? {} : { name: target.address };
      usable.push({ ...target, address, broadcast, ...name });
    } catch (error) {
      failures.push(error);
    }
  });
  const isLate = await timePassed(timeoutMs, Promise.all(lookups), ended);
  const [first] = named;
  if (isLate && first) failures.push(unresolved(first.address, { device: first.address }));
  if (usable.length === 0 && failures.length > 0) throw failures[0];
  // A name that is resolved later is no part of this search.
  return [...usable];
}

class Search {
  private readonly found = new Map<string, FoundDevice>();
  private readonly asked: Set<string>;
  private readonly answered = new Set<string>();
  private readonly announced: Target[] = [];
  /** By device id or, where a name does not tell one, by address. */
  private readonly names = new Map<string, DeviceName>();
  private readonly sockets = new Map<string, Promise<Socket>>();
  private readonly failures: unknown[] = [];
  private sent = 0;

  constructor(
    private readonly targets: Target[],
    private readonly options: DiscoveryOptions,
  ) {
    this.asked = new Set(targets.map(endpoint));
    for (const { name, address } of targets) if (name) this.learnHostName(name, address);
  }

  async run(timeoutMs: number, ended: Promise<unknown>): Promise<void> {
    const startedAt = performance.now();
    const mdns = this.openMdns();
    try {
      for (const part of WAITS_END) {
        mdns?.ask();
        if (await this.sayHello(ended)) return;
        const wait = startedAt + part * timeoutMs - performance.now();
        if (!(await timePassed(Math.max(0, wait), ended))) return;
      }
    } finally {
      mdns?.close();
    }
  }

  result(): FoundDevice[] {
    if (this.sent === 0 && this.failures.length > 0) {
      throw unsentError(this.failures[0], { device: this.targets.map(({ address }) => address).join(', ') });
    }
    return [...this.found.values()].map((device) => this.withName(device));
  }

  close(): void {
    for (const socket of this.sockets.values()) socket.then((open) => open.close()).catch(() => undefined);
  }

  /** Only where everybody is looked for: who names addresses wants to hear of no others. */
  private openMdns(): Mdns | undefined {
    if (!isBlank(this.options.addresses)) return undefined;
    const interfaces = this.targets.map(({ from }) => from);
    return new Mdns(interfaces, (announcement) => this.hear(announcement), this.options.mdnsPort);
  }

  /** To everybody who has not answered yet; true if the search ended meanwhile. */
  private async sayHello(ended: Promise<unknown>): Promise<boolean> {
    const silent = [...this.targets, ...this.announced].filter(
      (target) => !this.answered.has(endpoint(target)),
    );
    for (const [index, target] of silent.entries()) {
      if (index > 0 && index % BURST === 0 && !(await timePassed(BURST_PAUSE_MS, ended))) return true;
      void this.send(target);
    }
    return false;
  }

  private async send(target: Target): Promise<void> {
    try {
      const socket = await this.socketAt(target.from);
      await new Promise<void>((resolve, reject) => {
        socket.send(HELLO, target.port, target.address, (error) => (error ? reject(error) : resolve()));
      });
      this.sent++;
    } catch (error) {
      this.failures.push(error);
    }
  }

  private socketAt(from: string): Promise<Socket> {
    const known = this.sockets.get(from) ?? this.openSocket(from);
    this.sockets.set(from, known);
    return known;
  }

  private async openSocket(bindAddress: string): Promise<Socket> {
    const { createSocket } = this.options;
    const socket = await openSocket({ bindAddress, createSocket }, (datagram, sender) =>
      this.receive(datagram, sender.address, sender.port),
    );
    socket.setBroadcast(true);
    // Closed by an error: the next hello opens another.
    socket.once('close', () => this.sockets.delete(bindAddress));
    return socket;
  }

  private receive(datagram: Buffer, address: string, port: number): void {
    const packet = parsePacket(datagram);
    if (typeof packet === 'string' || packet.kind !== 'handshake') return;
    const sender = endpoint({ address, port });
    if (!this.asked.has(sender) && !this.targets.some((target) => target.broadcast)) return;
    if (this.found.size >= MOST_FOUND) return;
    const deviceId = deviceIdText(packet.did);
    // Who is not remembered is only greeted again.
    if (this.answered.size < MOST_FOUND) this.answered.add(sender);
    if (deviceId === NO_DEVICE || this.found.has(deviceId)) return;
    const token = disclosedToken(packet.checksumField);
    const device: FoundDevice = { address, port, deviceId, stamp: packet.stamp, ...(token ? { token } : {}) };
    this.found.set(deviceId, device);
    runListener(silentLogger, 'discovery', () => this.options.onFound?.(this.withName(device)));
  }

  private hear({ address, port, ...name }: Announcement): void {
    this.learnName(name, address);
    // Which interface leads there, the system knows better than who heard of it.
    const target = { address, port, from: this.options.bindAddress ?? '', broadcast: false };
    const known = this.asked.has(endpoint(target)) || this.answered.has(endpoint(target));
    if (known || this.announced.length >= MOST_ANNOUNCED) return;
    this.asked.add(endpoint(target));
    this.announced.push(target);
    void this.send(target);
  }

  /** The DHCP host name of a device is often the name that it announces. */
  private learnHostName(name: string, address: string): void {
    const [label = ''] = name.split('.');
    this.learnName({ ...readName(label), name }, address);
  }

  private learnName(name: DeviceName, address: string): void {
    if (this.names.size < MOST_FOUND) this.names.set(name.deviceId ?? address, name);
  }

  private withName(device: FoundDevice): FoundDevice {
    return { ...device, ...(this.names.get(device.deviceId) ?? this.names.get(device.address)) };
  }
}

function endpoint({ address, port }: { address: string; port: number }): string {
  return `${address}:${port}`;
}

function isBlank(text = ''): boolean {
  return text.trim() === '';
}
