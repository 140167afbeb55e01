/** The whole simulated cloud: MQTT broker, sign-in over HTTPS, download and console page around one set of devices. */
import { X509Certificate } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { AuthServer } from './auth-server';
import { certify, type ServerCertificate } from './authority';
import { type Aedes, Broker, type BrokerHandler, createAedes } from './broker';
import { ConsoleServer } from './console';
import { CloudDevice } from './device';
import type { DoorOptions } from './doors';
import { Downlink } from './downlink';
import { FirmwareServer } from './firmware';
import { noFaults } from './knobs';
import type { LogEntry, Platform } from './platform';
import { append } from './recent';
import { type CloudProduct, type Fleet, Registrar } from './registrar';
import { type CloudProductDevice, judgeSignIn } from './sign';

export interface CloudOptions {
  devices: CloudProductDevice[];
  /** The products that know dynamic registration. Default none. */
  products?: CloudProduct[];
  /** Address to listen on. Default 127.0.0.1. */
  host?: string;
  /** Default 0: any free port. */
  tlsPort?: number;
  /** Default 0; null: no plain port. */
  tcpPort?: number | null;
  /** MQTT over WebSocket. Default 0; null: none. */
  wsPort?: number | null;
  /** MQTT over WebSocket over TLS. Default 0; null: none. */
  wssPort?: number | null;
  /** TLS with a certificate of the device. Default 0; null: none. */
  x509Port?: number | null;
  /** Download. Default 0. */
  httpsPort?: number;
  /** Registration, pre-auth, bootstrap. Default 0. */
  authPort?: number;
  /** Default null: no console page. */
  consolePort?: number | null;
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
  readonly knobs = noFaults();
  /** Buttons for the console page. */
  readonly shortcuts: Shortcut[] = [];
  /** The last 50 messages, oldest first. */
  readonly log: LogEntry[] = [];
  private readonly fleet = new Map<string, CloudDevice>();
  private readonly delayed = new Set<NodeJS.Timeout>();
  private readonly broker: Broker;
  private readonly registrar: Registrar;
  private firmwareServer: FirmwareServer | null = null;
  private authServer: AuthServer | null = null;
  private console: ConsoleServer | null = null;
  private replies = 0;

  /** Rejects when a port is taken; nothing stays open then. */
  static async start(options: CloudOptions): Promise<Cloud> {
    const host = options.host ?? '127.0.0.1';
    const cloud = new Cloud(options, host, await certify(host), await createAedes());
    try {
      await cloud.open(options);
    } catch (error) {
      await cloud.close();
      throw error;
    }
    return cloud;
  }

  private constructor(
    options: CloudOptions,
    private readonly host: string,
    private readonly certificate: ServerCertificate,
    aedes: Aedes,
  ) {
    super();
    this.registrar = new Registrar(options.products ?? [], this.fleetForRegistrar());
    const { tlsPort = 0, tcpPort = 0, wsPort = 0, wssPort = 0, x509Port = 0 } = options;
    const doors: DoorOptions = { host, tlsPort, tcpPort, wsPort, wssPort, x509Port, certificate };
    this.broker = new Broker(aedes, doors, this.handler());
    for (const triple of options.devices) this.add(triple);
  }

  /** PEM of the authority that signed the certificates of all servers. */
  get ca(): string {
    return this.certificate.ca;
  }

  get tlsPort(): number {
    return this.broker.doors.tls.port;
  }

  get tcpPort(): number | null {
    return this.broker.doors.tcp?.port ?? null;
  }

  get wsPort(): number | null {
    return this.broker.doors.ws?.port ?? null;
  }

  get wssPort(): number | null {
    return this.broker.doors.wss?.port ?? null;
  }

  get x509Port(): number | null {
    return this.broker.doors.x509?.port ?? null;
  }

  get httpsPort(): number {
    return this.firmware.port;
  }

  get authPort(): number {
    return this.auth.port;
  }

  get consolePort(): number | null {
    return this.console?.port ?? null;
  }

  /** The download server. */
  get firmware(): FirmwareServer {
    return opened(this.firmwareServer);
  }

  /** The server of registration, pre-auth and bootstrap. */
  get auth(): AuthServer {
    return opened(this.authServer);
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

  /** A client certificate for the X.509 port, in PEM. Throws when there is no such device. */
  async issueCertificate(deviceName: string): Promise<{ cert: string; key: string }> {
    const { productKey } = this.device(deviceName).triple;
    const issued = await this.certificate.issue(deviceName);
    this.registrar.certify(new X509Certificate(issued.cert).fingerprint256, { productKey, deviceName });
    return issued;
  }

  /** The broker goes down with every connection; download, registration and page stay. */
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
    const servers = [this.broker, this.firmwareServer, this.authServer, this.console];
    await Promise.all(servers.map((server) => server?.close()));
  }

  private async open({ httpsPort = 0, authPort = 0, consolePort = null }: CloudOptions): Promise<void> {
    const { host, certificate } = this;
    this.firmwareServer = await FirmwareServer.start(host, httpsPort, certificate);
    this.authServer = await AuthServer.start(host, authPort, certificate, (path, form) =>
      this.registrar.answer(path, form, { host, port: this.tlsPort }),
    );
    await this.startBroker();
    if (consolePort !== null) this.console = await ConsoleServer.start(this, consolePort);
  }

  private add(triple: CloudProductDevice): CloudDevice {
    const device = new CloudDevice(triple, this.platform());
    this.fleet.get(triple.deviceName)?.close();
    this.fleet.set(triple.deviceName, device);
    return device;
  }

  private fleetForRegistrar(): Fleet {
    return {
      find: ({ productKey, deviceName }) => {
        const device = this.fleet.get(deviceName);
        return device?.triple.productKey === productKey ? device : null;
      },
      add: (identity) => this.add({ ...identity, deviceSecret: '' }),
    };
  }

  private handler(): BrokerHandler {
    return {
      judge: (request) => {
        const { refuse } = this.knobs;
        return refuse === null ? judgeSignIn(request, this.registrar) : { refused: refuse };
      },
      accepted: (session) => this.device(session.deviceName).link.attach(session),
      ready: (session) => this.device(session.deviceName).link.ready(session),
      gone: (session) => this.device(session.deviceName).link.detach(session),
      subscribed: (session) => this.device(session.deviceName).link.subscribed(),
      published: (session, topic, payload, qos) =>
        this.device(session.deviceName).inbox.receive(topic, payload, qos),
    };
  }

  /** For one device. */
  private platform(): Platform {
    const downlink = new Downlink((topic, payload, qos, done) =>
      this.broker.publish(topic, payload, qos, done),
    );
    return {
      knobs: this.knobs,
      reply: (topic, payload) => this.reply(downlink, topic, payload),
      publish: (topic, payload, qos) => downlink.send(topic, payload, qos),
      serve: (name, content) => this.firmware.serve(name, content),
      kick: (session) => this.broker.kick(session),
      cut: (session) => this.broker.cut(session),
      freeze: (session) => this.broker.freeze(session),
      note: (entry) => {
        append(this.log, entry, LOG_LENGTH);
        this.emit('change');
      },
    };
  }

  private reply(downlink: Downlink, topic: string, payload: string | Buffer): void {
    const { dropReplies, dropEvery, delayRepliesMs, duplicateReplies } = this.knobs;
    this.replies += 1;
    if (dropReplies || (dropEvery > 0 && this.replies % dropEvery === 0)) return;
    const send = () => {
      downlink.send(topic, payload, 0);
      if (duplicateReplies) downlink.send(topic, payload, 0);
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

function opened<Server>(server: Server | null): Server {
  if (!server) throw new Error('the simulated cloud is not open');
  return server;
}
