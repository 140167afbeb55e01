/** The whole simulated cloud: MQTT broker, firmware download and console page around one set of devices. */
import { EventEmitter } from 'node:events';
import { certify } from './authority';
import { type Aedes, Broker, type BrokerHandler, type BrokerOptions, createAedes } from './broker';
import { ConsoleServer } from './console';
import { CloudDevice } from './device';
import { FirmwareServer } from './firmware';
import type { LogEntry, Platform } from './platform';
import { append } from './recent';
import { type CloudProductDevice, judgeSignIn, type SignIn, type SignInRequest } from './sign';

export interface CloudOptions {
  devices: CloudProductDevice[];
  /** Address to listen on. Default 127.0.0.1. */
  host?: string;
  /** Default 0: any free port. */
  tlsPort?: number;
  /** Default 0; null: no plain port. */
  tcpPort?: number | null;
  /** Default 0. */
  httpsPort?: number;
  /** Default null: no console page. */
  consolePort?: number | null;
}

/** What goes wrong, changed at any time. */
export interface Knobs {
  /** Refuses every sign-in with this CONNACK code, 2 to 5. */
  refuse: number | null;
  /** Requests are carried out, but not answered. */
  dropReplies: boolean;
  delayRepliesMs: number;
  /** Other than 200: no request is carried out, each is answered with this code. */
  replyCode: number;
  /** Every reply goes out twice. */
  duplicateReplies: boolean;
}

/** A button of the console page: sets properties of a device. */
export interface Shortcut {
  label: string;
  deviceName: string;
  set: object;
}

const LOG_LENGTH = 50;

/** Emits `change` whenever something is known that was not. */
export class Cloud extends EventEmitter<{ change: [] }> {
  readonly knobs: Knobs = {
    refuse: null,
    dropReplies: false,
    delayRepliesMs: 0,
    replyCode: 200,
    duplicateReplies: false,
  };
  /** Buttons for the console page. */
  readonly shortcuts: Shortcut[] = [];
  /** The last 50 messages, oldest first. */
  readonly log: LogEntry[] = [];
  private readonly fleet = new Map<string, CloudDevice>();
  private readonly delayed = new Set<NodeJS.Timeout>();
  private readonly broker: Broker;
  private console: ConsoleServer | null = null;

  /** Rejects when a port is taken; nothing stays open then. */
  static async start(options: CloudOptions): Promise<Cloud> {
    const host = options.host ?? '127.0.0.1';
    const certificate = await certify(host);
    const firmware = await FirmwareServer.start(host, options.httpsPort ?? 0, certificate);
    const { tlsPort = 0, tcpPort = 0, consolePort = null } = options;
    const broker = { host, tlsPort, tcpPort, certificate };
    const cloud = new Cloud(options.devices, broker, certificate.ca, firmware, await createAedes());
    try {
      await cloud.startBroker();
      if (consolePort !== null) cloud.console = await ConsoleServer.start(cloud, consolePort);
    } catch (error) {
      await cloud.close();
      throw error;
    }
    return cloud;
  }

  private constructor(
    devices: CloudProductDevice[],
    broker: BrokerOptions,
    /** PEM of the authority that signed the certificates of broker and download. */
    readonly ca: string,
    readonly firmware: FirmwareServer,
    aedes: Aedes,
  ) {
    super();
    this.broker = new Broker(aedes, broker, this.handler());
    for (const triple of devices) this.fleet.set(triple.deviceName, new CloudDevice(triple, this.platform()));
  }

  get tlsPort(): number {
    return this.broker.tlsPort;
  }

  get tcpPort(): number | null {
    return this.broker.tcpPort;
  }

  get httpsPort(): number {
    return this.firmware.port;
  }

  get consolePort(): number | null {
    return this.console?.port ?? null;
  }

  get devices(): CloudDevice[] {
    return [...this.fleet.values()];
  }

  /** Throws when there is none of this name. */
  device(deviceName: string): CloudDevice {
    const device = this.fleet.get(deviceName);
    if (!device) throw new Error(`the simulated cloud has no device ${deviceName}`);
    return device;
  }

  /** The broker goes down with every connection; download and page stay. */
  async stopBroker(): Promise<void> {
    await this.broker.unlisten();
  }

  /** Up again on the same ports. */
  async startBroker(): Promise<void> {
    await this.broker.listen();
  }

  async close(): Promise<void> {
    for (const timer of this.delayed) clearTimeout(timer);
    for (const device of this.devices) device.close();
    await Promise.all([this.broker.close(), this.firmware.close(), this.console?.close()]);
  }

  private handler(): BrokerHandler {
    return {
      judge: (request) => this.judge(request),
      accepted: (session) => this.device(session.deviceName).attach(session),
      ready: (session) => this.device(session.deviceName).ready(session),
      gone: (session) => this.device(session.deviceName).detach(session),
      subscribed: (session) => this.device(session.deviceName).subscribed(),
      published: (session, topic, payload) => this.device(session.deviceName).receive(topic, payload),
    };
  }

  private platform(): Platform {
    return {
      replyCode: () => this.knobs.replyCode,
      reply: (topic, payload) => this.reply(topic, payload),
      publish: (topic, payload, qos) => this.broker.publish(topic, payload, qos),
      serve: (name, content) => this.firmware.serve(name, content),
      kick: (session) => this.broker.kick(session),
      cut: (session) => this.broker.cut(session),
      note: (entry) => {
        append(this.log, entry, LOG_LENGTH);
        this.emit('change');
      },
    };
  }

  private judge(request: SignInRequest): SignIn {
    if (this.knobs.refuse !== null) return { refused: this.knobs.refuse };
    return judgeSignIn(request, (username) => {
      const device = this.devices.find(
        ({ triple }) => `${triple.deviceName}&${triple.productKey}` === username,
      );
      return device && !device.disabled ? device.triple : null;
    });
  }

  private reply(topic: string, payload: string): void {
    const { dropReplies, delayRepliesMs, duplicateReplies } = this.knobs;
    if (dropReplies) return;
    const send = () => {
      this.broker.publish(topic, payload, 0);
      if (duplicateReplies) this.broker.publish(topic, payload, 0);
    };
    if (delayRepliesMs === 0) {
      send();
      return;
    }
    const timer = setTimeout(() => {
      this.delayed.delete(timer);
      send();
    }, delayRepliesMs);
    this.delayed.add(timer);
  }
}
