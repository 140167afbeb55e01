/**
 * Finds devices: says hello to targets (a few times, since UDP loses packets) and collects who answers until the time
 * is over. One socket for each local address, so that every interface's broadcast leaves by that interface.
 */
import type { Socket } from 'node:dgram';
import { networkInterfaces } from 'node:os';
import { MialinkError } from '../errors';
import { runListener } from '../listener';
import { silentLogger } from '../logger';
import { deferred, timePassed } from '../wait';
import { deviceIdText, HELLO, parsePacket } from './packet';
import { wholeNumber } from './settings';
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
}

export interface DiscoveryOptions {
  /** What `parseTargets` reads; blank: the broadcast address of every interface. */
  addresses?: string;
  /** How long to listen; default 3000. */
  timeoutMs?: number;
  /** Local IP address to send from; blank: chosen by the system. */
  bindAddress?: string;
  /** Called for each device as it is found. */
  onFound?(device: FoundDevice): void;
  /** Ends the search with what was found so far. */
  signal?: AbortSignal;
  /** Host name -> IPv4 address. */
  resolve(address: string): Promise<string>;
  /** For tests. */
  interfaces?: typeof networkInterfaces;
  createSocket?: SocketOptions['createSocket'];
}

/** Behind each hello the answers are awaited until this part of the whole time. */
const WAITS_END = [0.15, 0.5, 1];
/** Hellos sent at once, and the pause behind them: a sweep must not overrun its own socket. */
const BURST = 64;
const BURST_PAUSE_MS = 4;
const NO_DEVICE = '0';

/** Every device once, by its id. Rejects when an option is not understood or no socket could send at all. */
export async function discover(options: DiscoveryOptions): Promise<FoundDevice[]> {
  const timeoutMs = wholeNumber('discovery', 'timeoutMs', 1, options.timeoutMs ?? 3_000);
  const search = new Search(await chooseTargets(options), options);
  const ended = deferred<void>();
  const end = () => ended.resolve();
  options.signal?.addEventListener('abort', end, { once: true });
  try {
    if (!options.signal?.aborted) await search.run(timeoutMs, ended.promise);
  } finally {
    options.signal?.removeEventListener('abort', end);
    search.close();
  }
  return search.result();
}

async function chooseTargets(options: DiscoveryOptions): Promise<Target[]> {
  const { addresses = '', bindAddress = '', resolve } = options;
  const broadcasts = broadcastTargets((options.interfaces ?? networkInterfaces)());
  if (addresses.trim() === '') {
    if (bindAddress === '') return broadcasts;
    const own = broadcasts.filter((target) => target.from === bindAddress);
    if (own.length > 0) return own;
    throw new MialinkError('socketFailed', { device: bindAddress, cause: 'no interface broadcasts from it' });
  }
  const named = parseTargets(addresses, bindAddress);
  const resolved = await Promise.allSettled(
    named.map(async (target) => {
      const address = await resolve(target.address);
      const broadcast = address.endsWith('.255') || broadcasts.some((known) => known.address === address);
      return { ...target, address, broadcast };
    }),
  );
  const failed = resolved.find((outcome) => outcome.status === 'rejected');
  const usable = resolved.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  if (failed && usable.length === 0) throw failed.reason;
  return usable;
}

class Search {
  private readonly found = new Map<string, FoundDevice>();
  private readonly asked: Set<string>;
  private readonly answered = new Set<string>();
  private readonly sockets = new Map<string, Promise<Socket>>();
  private readonly failures: unknown[] = [];
  private sent = 0;

  constructor(
    private readonly targets: Target[],
    private readonly options: DiscoveryOptions,
  ) {
    this.asked = new Set(targets.map(endpoint));
  }

  async run(timeoutMs: number, ended: Promise<unknown>): Promise<void> {
    const startedAt = performance.now();
    for (const part of WAITS_END) {
      if (await this.sayHello(ended)) return;
      const wait = startedAt + part * timeoutMs - performance.now();
      if (!(await timePassed(Math.max(0, wait), ended))) return;
    }
  }

  result(): FoundDevice[] {
    if (this.sent === 0 && this.failures.length > 0) {
      throw unsentError(this.failures[0], { device: this.targets.map(({ address }) => address).join(', ') });
    }
    return [...this.found.values()];
  }

  close(): void {
    for (const socket of this.sockets.values()) socket.then((open) => open.close()).catch(() => undefined);
  }

  /** To everybody who has not answered yet; true if the search ended meanwhile. */
  private async sayHello(ended: Promise<unknown>): Promise<boolean> {
    const silent = this.targets.filter((target) => !this.answered.has(endpoint(target)));
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
    return socket;
  }

  private receive(datagram: Buffer, address: string, port: number): void {
    const packet = parsePacket(datagram);
    if (typeof packet === 'string' || packet.kind !== 'handshake') return;
    const sender = endpoint({ address, port });
    if (!this.asked.has(sender) && !this.targets.some((target) => target.broadcast)) return;
    const deviceId = deviceIdText(packet.did);
    this.answered.add(sender);
    if (deviceId === NO_DEVICE || this.found.has(deviceId)) return;
    const token = disclosedToken(packet.checksumField);
    const device: FoundDevice = { address, port, deviceId, stamp: packet.stamp, ...(token ? { token } : {}) };
    this.found.set(deviceId, device);
    runListener(silentLogger, 'discovery', () => this.options.onFound?.(device));
  }
}

function endpoint({ address, port }: { address: string; port: number }): string {
  return `${address}:${port}`;
}
