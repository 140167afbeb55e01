/** Several devices that start and end together, and the broadcast address of their network. */
import type { Socket } from 'node:dgram';
import { SimulatedDevice } from './device';
import { closeSocket, openSocket, type Peer } from './link';
import type { SimulatedDeviceOptions } from './options';

export class Home {
  private broadcast: Socket | undefined;

  private constructor(readonly devices: SimulatedDevice[]) {}

  /**
   * Plugs all devices in. With `broadcast`, what is sent to that address reaches every device, and each answers from
   * its own socket: 127.255.255.255 for the loopback network, 255.255.255.255, or, with devices on another port,
   * 0.0.0.0. Rejects when an address is in use, with nothing left open.
   */
  static async start(devices: SimulatedDeviceOptions[], options: { broadcast?: Peer } = {}): Promise<Home> {
    const home = new Home(devices.map((device) => new SimulatedDevice(device)));
    try {
      for (const device of home.devices) await device.start();
      if (options.broadcast) await home.listen(options.broadcast);
      return home;
    } catch (error) {
      await home.close();
      throw error;
    }
  }

  /** The device with this id; throws when there is none. */
  device(did: string): SimulatedDevice {
    const found = this.devices.find((device) => device.did === did);
    if (!found) throw new Error(`no device ${did} in this home`);
    return found;
  }

  /** Unplugs everything. May be called again. */
  async close(): Promise<void> {
    const broadcast = this.broadcast;
    this.broadcast = undefined;
    await Promise.all([
      ...this.devices.map((device) => device.stop()),
      ...(broadcast ? [closeSocket(broadcast)] : []),
    ]);
  }

  private async listen({ address, port }: Peer): Promise<void> {
    this.broadcast = await openSocket(
      address,
      port,
      (datagram, from) => this.reachAll(datagram, from),
      (error) => this.tellAll(`broadcast socket: ${error.message}`),
    );
  }

  private reachAll(datagram: Buffer, from: Peer): void {
    for (const device of this.devices) device.receive(datagram, from);
  }

  private tellAll(reason: string): void {
    for (const device of this.devices) device.emit('dropped', reason);
  }
}
