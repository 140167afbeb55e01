/**
 * The devices of one program, shared by all who use them, and the sockets that they are spoken to through, by local
 * address. A device that nobody uses is kept for a while, since the next message often goes to the same one, and then
 * closed.
 */
import { setMaxListeners } from 'node:events';
import { isIPv4 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { MialinkError } from '../errors';
import { MiioDevice } from './device';
import { deviceInfo } from './device-info';
import type { DiscoveryOptions, FoundDevice } from './discovery';
import { type AskInfo, KnownModels, Questions } from './discovery-models';
import { Locator } from './locator';
import type { DeviceLimits } from './properties/limits';
import { PushServers } from './push';
import { Session } from './session';
import { type CheckedSettings, checkSettings, type DeviceSettings } from './settings';
import { SharedDevice } from './shared-device';
import { MiioSocket, networkCause, type SocketOptions } from './socket';
import { isNear } from './subnet';

export interface NetworkOptions {
  /** For tests. */
  createSocket?: SocketOptions['createSocket'];
  interfaces?: DiscoveryOptions['interfaces'];
  /** Where gateways call us; default 54321, since they call no other port. */
  pushPort?: number;
  /** How long an unused device is kept; default 60000. */
  keepUnusedMs?: number;
}

/** Names are looked up by the network. */
export type SearchOptions = Omit<DiscoveryOptions, 'resolve'>;

/** Each some kilobytes. */
const MOST_LEARNED = 200;
const LOCATE_TIMEOUT_MS = 1_000;
/** Of the question for the model of a device that was found. */
const INFO_TIMEOUT_MS = 5_000;

/** Has no state outside of itself: two networks know nothing of each other. Close it, and nothing is left behind. */
export class Network {
  private readonly sockets = new Map<string, MiioSocket>();
  private readonly devices = new Map<string, SharedDevice>();
  /** What the devices bear that nobody uses just now; the last ones. */
  private readonly learned = new Map<string, DeviceLimits>();
  private readonly pushServers: PushServers;
  private readonly models = new KnownModels((found) => this.askInfo(found));
  private readonly locator = new Locator((options) =>
    this.search({ ...options, timeoutMs: LOCATE_TIMEOUT_MS }),
  );
  private readonly closing = new AbortController();

  constructor(private readonly options: NetworkOptions = {}) {
    this.pushServers = new PushServers(options.pushPort);
    // Any number of searches and questions end with us: that is no leak to warn of.
    setMaxListeners(0, this.closing.signal);
  }

  /**
   * A device to command. Nothing is sent before its first command or `watch`; close it when it is no longer used.
   * Throws a MialinkError (`CONFIG`) for bad settings.
   */
  device(settings: DeviceSettings): MiioDevice {
    return this.use(settings, this.options.keepUnusedMs ?? 60_000);
  }

  /**
   * Finds devices: every one that answers hello within `timeoutMs`, once, by its id. See `DiscoveryOptions`; rejects
   * with a MialinkError where nobody can be asked.
   *
   *     for (const { address, deviceId } of await network.discover({ timeoutMs: 2_000 })) console.log(address, deviceId);
   */
  async discover(options: SearchOptions = {}): Promise<FoundDevice[]> {
    const questions = new Questions();
    const onFound = (device: FoundDevice) => {
      if (device.token !== undefined || this.conversationWith(device)) this.models.ask(device, questions);
      options.onFound?.(device);
    };
    return this.models.complete(await this.search({ ...options, onFound }));
  }

  /** Settles all commands with `closed`, ends every search and closes every socket. */
  async close(): Promise<void> {
    this.closing.abort();
    const devices = [...this.devices.values()];
    this.devices.clear();
    await Promise.all(devices.map((device) => device.close()));
    await this.closeSockets();
  }

  private use(settings: DeviceSettings, keepUnusedMs: number): MiioDevice {
    const checked = checkSettings(settings);
    if (this.closing.signal.aborted) throw new MialinkError('closed', { device: checked.label });
    const key = deviceKey(checked);
    const shared = this.devices.get(key) ?? this.openDevice(checked, this.learned.get(key));
    this.devices.set(key, shared);
    shared.use();
    return new MiioDevice(checked, shared, () => this.release(key, shared, keepUnusedMs));
  }

  private openDevice(settings: CheckedSettings, learned: DeviceLimits | undefined): SharedDevice {
    const { label, address, port, token, bindAddress } = settings;
    // Each named: copied by `...`, every device would have a hidden class of its own.
    const session = new Session({
      label,
      address,
      port,
      token,
      socket: this.socketAt(bindAddress),
      resolve: (name) => resolveAddress(name, label),
      locate: (deviceId, ended) => this.locator.locate(deviceId, bindAddress, ended),
      isNear: (asked) => isNear(asked, (this.options.interfaces ?? networkInterfaces)()),
    });
    return new SharedDevice(session, this.pushServers, learned);
  }

  private release(key: string, device: SharedDevice, keepMs: number): void {
    if (this.closing.signal.aborted) return;
    device.leave(keepMs, () => {
      this.devices.delete(key);
      this.remember(key, device.learned);
      void device.close().then(() => (this.devices.size === 0 ? this.closeSockets() : undefined));
    });
  }

  /** A flow that comes every few minutes need not find out again how much the device bears. */
  private remember(key: string, learned: DeviceLimits | undefined): void {
    this.learned.delete(key);
    if (learned) this.learned.set(key, learned);
    const [oldest] = this.learned.keys();
    if (oldest !== undefined && this.learned.size > MOST_LEARNED) this.learned.delete(oldest);
  }

  private async closeSockets(): Promise<void> {
    const sockets = [...this.sockets.values()];
    this.sockets.clear();
    await Promise.all(sockets.map((socket) => socket.close()));
  }

  private socketAt(bindAddress: string): MiioSocket {
    const { createSocket } = this.options;
    const socket = this.sockets.get(bindAddress) ?? new MiioSocket({ bindAddress, createSocket });
    this.sockets.set(bindAddress, socket);
    return socket;
  }

  private async search(options: SearchOptions): Promise<FoundDevice[]> {
    const { createSocket, interfaces } = this.options;
    const closed = this.closing.signal;
    const signal = options.signal ? AbortSignal.any([options.signal, closed]) : closed;
    const onFound = (device: FoundDevice) => {
      this.tellSessions(device);
      options.onFound?.(device);
    };
    // Loaded by the first search: whoever knows his addresses needs no mDNS.
    const { discover } = await import('./discovery');
    return discover({ createSocket, interfaces, ...options, onFound, signal, resolve: resolveAddress });
  }

  /** Whoever speaks to this device learns where it is now. */
  private tellSessions({ deviceId, address }: FoundDevice): void {
    for (const { session } of this.devices.values()) {
      if (session.deviceId === deviceId) session.moved(address);
    }
  }

  /** Asks by the conversation that we have with the device, or with the token that it discloses. */
  private async askInfo(found: FoundDevice): ReturnType<AskInfo> {
    const { deviceId, address, port, token } = found;
    // Nobody's command waits for a search.
    const options = { timeoutMs: INFO_TIMEOUT_MS, retries: 0, givesWay: true, signal: this.closing.signal };
    const open = this.conversationWith(found);
    if (open) return deviceInfo((await open.call('miIO.info', [], { ...options, deviceId })).result);
    if (token === undefined) return undefined;
    // Not kept: whoever invents devices that disclose tokens would have us keep a session for each.
    const device = this.use({ address, port, token, deviceId }, 0);
    try {
      return await device.info(options);
    } finally {
      device.close();
    }
  }

  /** Not where the device was before: a question there would keep its user's commands waiting. */
  private conversationWith({ deviceId, address, port }: FoundDevice): Session | undefined {
    for (const { session } of this.devices.values()) {
      const isHere = session.address === address && session.port === port;
      if (isHere && session.deviceId === deviceId && session.state === 'connected') return session;
    }
    return undefined;
  }
}

/** One for a device, whoever speaks to it; the key stays in memory. */
function deviceKey({ bindAddress, address, port, token }: CheckedSettings): string {
  return [bindAddress, address, port, token.toString('hex')].join(' ');
}

async function resolveAddress(address: string, device = address): Promise<string> {
  if (isIPv4(address)) return address;
  const { lookup } = await import('node:dns/promises');
  try {
    return (await lookup(address, { family: 4 })).address;
  } catch (error) {
    throw new MialinkError(
      'addressUnknown',
      { device, address, cause: networkCause(error) },
      { cause: error },
    );
  }
}
