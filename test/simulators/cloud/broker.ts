/**
 * The MQTT side of the cloud: aedes behind a TLS and a plain port, with the vendor's rules in front.
 *
 *   CONNECT -> judge -> `accepted` -> CONNACK 0 -> `ready` -> ... -> `gone`
 *                    -> CONNACK 2..5, closed
 *
 * The session key is the triple: a second connection of one triple ends the first without a packet. QoS 2, retained
 * messages, payloads above 256 KB and foreign topics close the connection; a foreign subscription gets SUBACK 0x80.
 * Source: reference/aliyun.md 1.5 to 1.7.
 */

import type { EventEmitter } from 'node:events';
import { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { matches, mayPublish, maySubscribe, names } from './access';
import { Listener } from './listener';
import type { SignIn, SignInRequest } from './sign';

/** The types of aedes are taken from what it gives: it is an ES module, which this one cannot import statically. */
export type Aedes = Awaited<ReturnType<typeof createAedes>>;
type Client = ReturnType<Aedes['handle']>;
type ConnectPacket = Parameters<Aedes['preConnect']>[1];
type PublishPacket = Parameters<Aedes['authorizePublish']>[1];
type Subscription = Parameters<Aedes['authorizeSubscribe']>[1];

const MAX_PAYLOAD_BYTES = 256 * 1024;
const MAX_SUBSCRIPTIONS = 100;

/** One signed-in connection. */
export class Session {
  readonly filters = new Set<string>();

  constructor(
    readonly productKey: string,
    readonly deviceName: string,
    /** Bit 0: RRPC on `/ext/rrpc/...` topics is understood. */
    readonly extensions: number,
    readonly client: Client,
  ) {}

  isSubscribed(topic: string): boolean {
    return [...this.filters].some((filter) => matches(filter, topic));
  }
}

/** The engine of a broker. */
export async function createAedes() {
  const { Aedes } = await import('aedes');
  const aedes = await Aedes.createBroker({ maxClientsIdLength: 1024 });
  const emitter: EventEmitter = aedes;
  emitter.on('error', () => {}); // concerns one client, which is closed
  return aedes;
}

/** What the broker asks and tells the platform above it. */
export interface BrokerHandler {
  judge(request: SignInRequest): SignIn;
  /** The CONNACK is not sent yet: nothing may be published to the session. */
  accepted(session: Session): void;
  /** The CONNACK is sent. */
  ready(session: Session): void;
  gone(session: Session): void;
  subscribed(session: Session): void;
  published(session: Session, topic: string, payload: Buffer): void;
}

export interface BrokerOptions {
  host: string;
  tlsPort: number;
  /** null: no plain port. */
  tcpPort: number | null;
  certificate: { key: string; cert: string };
}

export class Broker {
  private readonly requests = new WeakMap<Client, SignInRequest>();
  private readonly sessions = new WeakMap<Client, Session>();
  private readonly tls: Listener;
  private readonly tcp: Listener | null;

  /** Opens nothing yet: `listen` does. */
  constructor(
    private readonly aedes: Aedes,
    options: BrokerOptions,
    private readonly handler: BrokerHandler,
  ) {
    const accept = (connection: Socket) => void aedes.handle(connection);
    this.tls = new Listener(options.host, options.tlsPort, options.certificate, accept);
    this.tcp = options.tcpPort === null ? null : new Listener(options.host, options.tcpPort, null, accept);
    this.applyRules();
    this.reportSessions();
  }

  get tlsPort(): number {
    return this.tls.port;
  }

  get tcpPort(): number | null {
    return this.tcp?.port ?? null;
  }

  /** Opens the ports; after `unlisten` the same ones. */
  async listen(): Promise<void> {
    await this.tls.start();
    await this.tcp?.start();
  }

  /** Closes the ports and every connection; sessions that are not clean survive. */
  async unlisten(): Promise<void> {
    await Promise.all([this.tls.stop(), this.tcp?.stop()]);
  }

  async close(): Promise<void> {
    await this.unlisten();
    await new Promise<void>((resolve) => this.aedes.close(resolve));
  }

  /** To every session that subscribed `topic` and is named in it; QoS 1 is kept for sessions that are not clean. */
  publish(topic: string, payload: string | Buffer, qos: 0 | 1): void {
    this.aedes.publish({ cmd: 'publish', topic, payload, qos, retain: false, dup: false }, () => {});
  }

  /** Closes the connection without an MQTT packet, as the platform does when the triple connects elsewhere. */
  kick(session: Session): void {
    session.client.conn.destroy();
  }

  /** Tears the connection by a TCP reset. */
  cut(session: Session): void {
    const { conn } = session.client;
    if (!(conn instanceof Socket)) return;
    if (!this.tls.reset(conn)) this.tcp?.reset(conn);
  }

  private applyRules(): void {
    const { aedes } = this;
    aedes.preConnect = (client, packet, done) => {
      this.requests.set(client, describe(client, packet));
      // aedes takes the client id for the session key; the platform takes the triple.
      if (packet.username) packet.clientId = packet.username;
      done(null, true);
    };
    aedes.authenticate = (client, username, _password, done) => {
      const request = this.requests.get(client);
      const verdict: SignIn = request ? this.handler.judge(request) : { refused: 2 };
      if ('refused' in verdict) {
        done(Object.assign(new Error('refused'), { returnCode: verdict.refused }), null);
        return;
      }
      const productKey = (username ?? '').slice(verdict.deviceName.length + 1);
      const session = new Session(productKey, verdict.deviceName, verdict.extensions, client);
      this.sessions.set(client, session);
      // Not aedes' clientDisconnect: it is left out when two connections of one triple overlap.
      client.conn.once('close', () => this.handler.gone(session));
      this.handler.accepted(session);
      done(null, true);
    };
    aedes.authorizePublish = (client, packet, done) => done(this.forbids(client, packet));
    aedes.authorizeSubscribe = (client, subscription, done) =>
      done(null, this.grant(client, subscription) ? subscription : null);
    // What a device publishes goes to the platform alone, what the platform publishes to the device it names.
    aedes.authorizeForward = (client, packet) => {
      const session = this.sessions.get(client);
      const fromDevice = 'clientId' in packet && packet.clientId !== undefined;
      return session && !fromDevice && names(session, packet.topic) ? packet : null;
    };
  }

  private reportSessions(): void {
    const { aedes, handler } = this;
    aedes.on('clientReady', (client) => this.tell(client, (session) => handler.ready(session)));
    aedes.on('subscribe', (_subscriptions, client) =>
      this.tell(client, (session) => handler.subscribed(session)),
    );
    aedes.on('unsubscribe', (filters, client) =>
      this.tell(client, (session) => {
        for (const filter of filters) session.filters.delete(filter);
      }),
    );
    aedes.on('publish', ({ topic, payload }, client) => {
      if (!client) return;
      this.tell(client, (session) => handler.published(session, topic, Buffer.from(payload)));
    });
  }

  private tell(client: Client, call: (session: Session) => void): void {
    const session = this.sessions.get(client);
    if (session) call(session);
  }

  private forbids(client: Client | null, packet: PublishPacket): Error | null {
    const session = client && this.sessions.get(client);
    if (!session) return new Error('not signed in');
    if (packet.qos === 2) return new Error('QoS 2 is not supported');
    if (packet.retain) return new Error('retained messages are not supported');
    if (Buffer.byteLength(packet.payload) > MAX_PAYLOAD_BYTES) return new Error('payload above 256 KB');
    return mayPublish(session, packet.topic) ? null : new Error('topic of another device');
  }

  private grant(client: Client, subscription: Subscription): boolean {
    const session = this.sessions.get(client);
    const { topic } = subscription;
    if (!session || subscription.qos === 2 || !maySubscribe(session, topic)) return false;
    if (session.filters.size >= MAX_SUBSCRIPTIONS && !session.filters.has(topic)) return false;
    session.filters.add(topic);
    subscription.qos = 1; // the QoS asked for is ignored: delivery has the publisher's
    return true;
  }
}

function describe(client: Client, packet: ConnectPacket): SignInRequest {
  return {
    clientId: packet.clientId,
    username: packet.username ?? '',
    password: packet.password?.toString() ?? '',
    keepalive: packet.keepalive ?? 0,
    hasWill: packet.will !== undefined,
    secure: client.conn instanceof TLSSocket,
  };
}
