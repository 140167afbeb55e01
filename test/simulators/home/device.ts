/**
 * One miIO device on the local network, as strict firmware behaves (reference/miio.md chapters 1, 2 and 10): its power
 * switch, and the hand and eye of a test on it.
 */
import { EventEmitter } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { DeviceEvents } from './events';
import type { Faults } from './faults';
import { Firmware } from './firmware';
import type { Delivery } from './gateway';
import { openSocket, type Peer } from './link';
import type { SimulatedDeviceOptions } from './options';
import type { Scene } from './scene';
import type { EventReport, PropertyReport, Subscriber } from './subscription';
import { Uptime } from './uptime';
import { type Command, tokenBytes } from './wire';

/** How long the answer to a command that restarts the device has to leave. */
const FAREWELL_MS = 5;

export class SimulatedDevice extends EventEmitter<DeviceEvents> {
  private readonly firmware: Firmware;
  /** undefined: unplugged. */
  private uptime: Uptime | undefined;
  /** The port of the last start. */
  private lastPort: number;
  /** Ends a restart under way. */
  private plug = new AbortController();
  private restarting = Promise.resolve();

  /** Throws RangeError when did or token is malformed. */
  constructor(readonly options: SimulatedDeviceOptions) {
    super();
    this.lastPort = options.port ?? 54321;
    const device = this;
    this.firmware = new Firmware(options, {
      events: this,
      address: this.address,
      get stamp() {
        return device.uptime?.stamp ?? 0;
      },
      tell: (message, to) => this.uptime?.tell(message, to),
      transmit: (datagram, to) => this.uptime?.transmit(datagram, to),
      restart: (awayMs) => this.restart(awayMs),
    });
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
    return this.firmware.token.toString('hex');
  }

  /** Of the firmware that runs, or that will when it has restarted. */
  get version(): string {
    return this.firmware.version;
  }

  get faults(): Faults {
    return this.firmware.faults;
  }

  /** What was really carried out: not repeats, and not what was refused with an error. */
  get executed(): Command[] {
    return this.firmware.executed;
  }

  /** Every valid command datagram, repeats and those met in silence included. */
  get received(): { id: number; method: string }[] {
    return this.firmware.received;
  }

  /** The value of a classic property, or of 'siid.piid'; undefined: no such property. */
  get(name: string): unknown {
    return this.firmware.properties.get(name);
  }

  /** Sets it as by hand on the device: read-only ones too. */
  set(name: string, value: unknown): void {
    this.firmware.properties.set(name, value);
  }

  /** As provisioning does; the handshake of a client stays good, its old token does not. */
  resetToken(token: string): void {
    this.firmware.token = tokenBytes(token);
  }

  /** Those who have subscribed since the device was plugged in, the first to probe first. */
  get subscribers(): Subscriber[] {
    return this.firmware.subscription?.subscribers ?? [];
  }

  /** Tells the subscribers of property values as given; of changed values they are told without it. */
  report(changes: readonly PropertyReport[]): void {
    this.firmware.subscription?.report(changes);
  }

  /** Tells the subscribers of an event. */
  raise(event: EventReport): void {
    this.firmware.subscription?.raise(event);
  }

  /** What clients have stored in a gateway, the oldest first. */
  get scenes(): Scene[] {
    return this.firmware.gateway?.scenes ?? [];
  }

  /** What came of every call of a gateway, the oldest first. */
  get deliveries(): Delivery[] {
    return this.firmware.gateway?.deliveries ?? [];
  }

  /**
   * Has something happen to a device that a gateway knows, or to the gateway: it calls the target of every scene for
   * it. `event` without 'event.<model>.', such as 'click'. Resolves when each has answered or been given up.
   */
  async trigger(sourceDid: string, event: string, params: unknown[] = []): Promise<Delivery[]> {
    return this.firmware.gateway?.trigger(sourceDid, event, params) ?? [];
  }

  /** Plugs the device in. Rejects when its address is in use. Await it before the next start or stop. */
  start(): Promise<void> {
    return this.powerUp(this.options.stamp ?? 1000);
  }

  /** Unplugs the device: commands not yet executed are lost, property values stay. */
  async stop(): Promise<void> {
    this.plug.abort();
    this.plug = new AbortController();
    await Promise.all([this.powerDown(), this.restarting]);
    // A restart that was already on its way up has come up.
    await this.powerDown();
  }

  /** Unplugs it and plugs it in again, its clock at 0. */
  async reboot(): Promise<void> {
    await this.stop();
    await this.powerUp(0);
  }

  /** Takes a datagram that reached the device's socket, or a broadcast. */
  receive(datagram: Buffer, from: Peer): void {
    this.uptime?.receive(datagram, from);
  }

  /** The firmware's own restart. */
  private restart(awayMs: number): void {
    const { signal } = this.plug;
    this.restarting = this.goAndComeBack(awayMs, signal).catch((error: Error) => {
      if (!signal.aborted) this.firmware.dropped(`restart: ${error.message}`);
    });
  }

  private async goAndComeBack(awayMs: number, signal: AbortSignal): Promise<void> {
    await delay(FAREWELL_MS, undefined, { signal });
    await this.powerDown();
    await delay(awayMs, undefined, { signal });
    await this.powerUp(0);
  }

  private async powerDown(): Promise<void> {
    const { uptime } = this;
    this.uptime = undefined;
    this.firmware.powerDown();
    await uptime?.close();
  }

  private async powerUp(stamp: number): Promise<void> {
    if (this.uptime) return;
    const socket = await openSocket(
      this.address,
      this.lastPort,
      (datagram, from) => this.receive(datagram, from),
      (error) => this.firmware.dropped(`socket: ${error.message}`),
    );
    this.uptime = new Uptime(socket, stamp, this.firmware);
    this.lastPort = this.uptime.port;
    this.emit('started');
  }
}
