/**
 * The devices of one program: sockets by local address and sessions by device, shared by all who use them. A session
 * that nobody uses is kept for a while, since the next message often goes to the same device, and then closed.
 */
import { lookup } from 'node:dns/promises';
import { isIPv4 } from 'node:net';
import { MialinkError } from '../errors';
import { MiioDevice } from './device';
import { type DiscoveryOptions, discover, type FoundDevice } from './discovery';
import { Session } from './session';
import { type CheckedSettings, checkSettings, type DeviceSettings } from './settings';
import { MiioSocket, networkCause, type SocketOptions } from './socket';

export interface NetworkOptions {
  /** For tests. */
  createSocket?: SocketOptions['createSocket'];
  interfaces?: DiscoveryOptions['interfaces'];
  /** How long an unused session is kept; default 60000. */
  keepUnusedMs?: number;
}

interface SharedSession {
  session: Session;
  users: number;
  idleTimer?: NodeJS.Timeout;
}

const LOCATE_TIMEOUT_MS = 1_000;

export class Network {
  private readonly sockets = new Map<string, MiioSocket>();
  private readonly sessions = new Map<string, SharedSession>();
  private readonly closing = new AbortController();

  constructor(private readonly options: NetworkOptions = {}) {}

  /** A device to command; close it when it is no longer used. Throws a MialinkError (`CONFIG`) for bad settings. */
  device(settings: DeviceSettings): MiioDevice {
    const checked = checkSettings(settings);
    if (this.closing.signal.aborted) throw new MialinkError('closed', { device: checked.label });
    const key = sessionKey(checked);
    const shared = this.sessions.get(key) ?? { session: this.openSession(checked), users: 0 };
    this.sessions.set(key, shared);
    shared.users++;
    clearTimeout(shared.idleTimer);
    return new MiioDevice(checked, shared.session, () => this.release(key, shared));
  }

  /** See `discover`. */
  discover(options: Omit<DiscoveryOptions, 'resolve'> = {}): Promise<FoundDevice[]> {
    const { createSocket, interfaces } = this.options;
    const closed = this.closing.signal;
    const signal = options.signal ? AbortSignal.any([options.signal, closed]) : closed;
    return discover({ createSocket, interfaces, ...options, signal, resolve: resolveAddress });
  }

  /** Settles all commands with `closed`, ends every search and closes every socket. */
  async close(): Promise<void> {
    this.closing.abort();
    for (const { session, idleTimer } of this.sessions.values()) {
      clearTimeout(idleTimer);
      session.close();
    }
    this.sessions.clear();
    const sockets = [...this.sockets.values()];
    this.sockets.clear();
    await Promise.all(sockets.map((socket) => socket.close()));
  }

  private openSession(settings: CheckedSettings): Session {
    const { bindAddress } = settings;
    return new Session({
      ...settings,
      socket: this.socketAt(bindAddress),
      resolve: (address) => resolveAddress(address, settings.label),
      locate: (deviceId) => this.locate(deviceId, bindAddress),
    });
  }

  private release(key: string, shared: SharedSession): void {
    shared.users--;
    if (shared.users > 0 || this.closing.signal.aborted) return;
    shared.session.stopWatch();
    shared.idleTimer = setTimeout(() => this.drop(key, shared), this.options.keepUnusedMs ?? 60_000).unref();
  }

  private drop(key: string, shared: SharedSession): void {
    shared.session.close();
    this.sessions.delete(key);
    if (this.sessions.size > 0) return;
    for (const [bindAddress, socket] of this.sockets) {
      this.sockets.delete(bindAddress);
      void socket.close();
    }
  }

  private socketAt(bindAddress: string): MiioSocket {
    const { createSocket } = this.options;
    const socket = this.sockets.get(bindAddress) ?? new MiioSocket({ bindAddress, createSocket });
    this.sockets.set(bindAddress, socket);
    return socket;
  }

  /** The address at which the device with this id answers a broadcast. */
  private async locate(deviceId: string, bindAddress: string): Promise<string | undefined> {
    const found = new AbortController();
    let address: string | undefined;
    const onFound = (device: FoundDevice) => {
      if (device.deviceId !== deviceId) return;
      address = device.address;
      found.abort();
    };
    await this.discover({ bindAddress, timeoutMs: LOCATE_TIMEOUT_MS, onFound, signal: found.signal }).catch(
      () => [],
    );
    return address;
  }
}

/** One session for a device, whoever speaks to it; the key stays in memory. */
function sessionKey({ bindAddress, address, port, token }: CheckedSettings): string {
  return [bindAddress, address, port, token.toString('hex')].join(' ');
}

async function resolveAddress(address: string, device = address): Promise<string> {
  if (isIPv4(address)) return address;
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
