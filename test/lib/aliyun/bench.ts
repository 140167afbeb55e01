/**
 * A simulated cloud, devices that connect to it with short waiting times, and a wire between them that can be put
 * to sleep. `close` ends all of it.
 */
import { once } from 'node:events';
import { createServer, connect as openSocket, type Server, type Socket } from 'node:net';
import sinon from 'sinon';
import {
  AliyunDevice,
  type AliyunSettings,
  type CloudReply,
  type DeviceOptions,
  type DeviceState,
  type Posted,
} from '../../../lib/aliyun';
import { Backoff } from '../../../lib/backoff';
import { MialinkError } from '../../../lib/errors';
import type { Logger } from '../../../lib/logger';
import { Cloud, type CloudDevice } from '../../simulators/cloud';

export const lamp = {
  productKey: 'a1b2c3d4e5f',
  deviceName: 'lamp:1@home',
  deviceSecret: 'c0ffee00c0ffee00c0ffee00c0ffee00',
};
export const sys = `/sys/${lamp.productKey}/${lamp.deviceName}`;

/** What the library reported to nobody in particular. */
export class Reports implements Logger {
  readonly warnings: MialinkError[] = [];
  readonly lines: string[] = [];

  debug(text: string): void {
    this.lines.push(text);
  }

  warn(problem: MialinkError): void {
    this.warnings.push(problem);
  }

  get reasons(): string[] {
    return this.warnings.map(({ reason }) => reason);
  }
}

export class Bench {
  readonly reports = new Reports();
  private readonly devices: AliyunDevice[] = [];
  private readonly wires: Wire[] = [];

  static async start(): Promise<Bench> {
    return new Bench(await Cloud.start({ devices: [lamp] }));
  }

  private constructor(readonly cloud: Cloud) {}

  /** The lamp as the cloud sees it. */
  get lamp(): CloudDevice {
    return this.cloud.device(lamp.deviceName);
  }

  device(settings: Partial<AliyunSettings> = {}, options: DeviceOptions = {}): AliyunDevice {
    const endpoint = `127.0.0.1:${settings.transport === 'tcp' ? this.cloud.tcpPort : this.cloud.tlsPort}`;
    const device = new AliyunDevice(
      { ...lamp, endpoint, ca: this.cloud.ca, timeoutMs: 3000, ...settings },
      {
        logger: this.reports,
        backoffs: { quick: new Backoff(20, 100), slow: new Backoff(200, 400) },
        ...options,
      },
    );
    this.devices.push(device);
    return device;
  }

  async connectedDevice(settings?: Partial<AliyunSettings>, options?: DeviceOptions): Promise<AliyunDevice> {
    const device = this.device(settings, options);
    device.open();
    await untilState(device, 'connected');
    return device;
  }

  async wire(port: number, host?: string): Promise<Wire> {
    const wire = await Wire.to(port, host);
    this.wires.push(wire);
    return wire;
  }

  async close(): Promise<void> {
    await Promise.all(this.devices.map((device) => device.close()));
    await Promise.all(this.wires.map((wire) => wire.close()));
    await this.cloud.close();
  }
}

/** A TCP relay on loopback. */
export class Wire {
  /** True: what the broker says and does is lost from now on. */
  asleep = false;
  /** Falls asleep after the broker's next words. */
  drowsy = false;
  /** The last bytes from the device. */
  said: Buffer = Buffer.alloc(0);
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;

  static async to(port: number, host = '127.0.0.1'): Promise<Wire> {
    const wire = new Wire(port);
    await new Promise<void>((resolve) => wire.server.listen(0, host, resolve));
    return wire;
  }

  private constructor(target: number) {
    this.server = createServer({ allowHalfOpen: true }, (near) => {
      const far = openSocket(target, '127.0.0.1');
      for (const socket of [near, far]) {
        this.sockets.add(socket);
        socket.on('error', () => undefined);
        socket.on('close', () => this.sockets.delete(socket));
      }
      near.on('end', () => far.end());
      near.on('close', () => far.destroy());
      far.on('close', () => {
        if (!this.asleep) near.destroy();
      });
      near.on('data', (bytes) => {
        this.said = bytes;
        far.write(bytes);
      });
      far.on('data', (bytes) => {
        if (!this.asleep) near.write(bytes);
        if (this.drowsy) this.asleep = true;
      });
    });
    this.server.on('error', () => undefined);
  }

  get port(): number {
    const address = this.server.address();
    if (address === null || typeof address === 'string') throw new Error('the wire is closed');
    return address.port;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

/** Resolves at once if it is in this state, with the problem then. */
export function untilState(device: AliyunDevice, wanted: DeviceState): Promise<MialinkError | undefined> {
  if (device.state === wanted) return Promise.resolve(device.problem);
  return new Promise((resolve) => {
    device.on('state', function listen(state, problem) {
      if (state !== wanted) return;
      device.off('state', listen);
      resolve(problem);
    });
  });
}

/** The MialinkError with which something rejects. */
export async function problemOf(work: Promise<unknown>): Promise<MialinkError> {
  const result = await work.then(
    () => 'it succeeded',
    (error: unknown) => error,
  );
  if (result instanceof MialinkError) return result;
  throw new Error('not rejected with a MialinkError', { cause: result });
}

/** The cloud's reply to a post that was not kept for later. */
export async function acknowledged(post: Promise<Posted>): Promise<CloudReply> {
  const posted = await post;
  if ('queued' in posted) throw new Error('the post was kept, not sent');
  return posted;
}

/** From now on the test moves the time (`sinon.restore` ends that); sockets go on by themselves. */
export function stopTime(): sinon.SinonFakeTimers {
  return sinon.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'performance'],
    shouldClearNativeTimers: true,
  });
}

/** The states that the device enters from now on. */
export function statesOf(device: AliyunDevice): string[] {
  const states: string[] = [];
  device.on('state', (state) => states.push(state));
  return states;
}

/** When it resolves, all that the cloud has sent before is handled, and what the device answered has arrived. */
export async function settle(cloudDevice: CloudDevice): Promise<void> {
  // No listener gets it, but it is answered (460), so it makes the whole way, twice.
  for (let time = 0; time < 2; time += 1) {
    cloudDevice.publish(`${sys}/thing/service/property/set`, '{"id":"mark","params":[]}');
    for (let id = ''; id !== 'mark'; ) [{ id }] = await once(cloudDevice, 'reply');
  }
}

/** Loses the connection and waits until it is back. */
export async function cutAndBack(cloudDevice: CloudDevice, device: AliyunDevice): Promise<void> {
  cloudDevice.cut();
  await untilState(device, 'disconnected');
  await untilState(device, 'connected');
}
