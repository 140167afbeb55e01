/**
 * The MQTT side of the cloud: aedes behind its ports, with the vendor's rules in front.
 *
 *   CONNECT -> judge -> `accepted` -> CONNACK 0 -> greeting, `ready` -> ... -> `gone`
 *                    -> CONNACK 0 -> greeting                        a registration: no device, no topic
 *                    -> CONNACK 2..5, closed
 *
 * The session key is the triple: a second connection of one triple ends the first without a packet. QoS 2, retained
 * messages, payloads above 256 KB and foreign topics close the connection; a foreign subscription gets SUBACK 0x80.
 * MQTT 5 is refused with CONNACK 1: aedes does not speak it.
 * Source: reference/aliyun.md 1.5 to 1.7, 2.2.
 */
import { randomUUID } from 'node:crypto';
import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { matches, mayPublish, mayReceive, maySubscribe } from './access';
import { type DoorOptions, Doors, type Entrance } from './doors';
import type { Admission, Greeting, SignIn, SignInRequest } from './sign';

/** The types of aedes are taken from what it gives: it is an ES module, which this one cannot import statically. */
export type Aedes = Awaited<ReturnType<typeof createAedes>>;
type Client = ReturnType<Aedes['handle']>;
type ConnectPacket = Parameters<Aedes['preConnect']>[1];
type PublishPacket = Parameters<Aedes['authorizePublish']>[1];
type ForwardedPacket = Parameters<Aedes['authorizeForward']>[1];
type Subscription = Parameters<Aedes['authorizeSubscribe']>[1];

const MAX_PAYLOAD_BYTES = 256 * 1024;
const MAX_SUBSCRIPTIONS = 100;

/** One signed-in connection of a device. */
export class Session {
  readonly filters = new Set<string>();
  readonly productKey: string;
  readonly deviceName: string;
  /** Bit 0: RRPC on `/ext/rrpc/...` topics is understood. */
  readonly extensions: number;
  private readonly autoSubscribes: boolean;

  constructor(
    admission: Admission,
    readonly client: Client,
    /** Of the bytes below, for what is done to it by force. */
    readonly connection: Socket,
  ) {
    const { productKey, deviceName, extensions, autoSubscribes } = admission;
    this.productKey = productKey;
    this.deviceName = deviceName;
    this.extensions = extensions;
    this.autoSubscribes = autoSubscribes;
  }

  /** By a SUBSCRIBE, or because the cloud did it for the device. */
  isSubscribed(topic: string): boolean {
    return [...this.filters, ...this.givenFilters].some((filter) => matches(filter, topic));
  }

  /** What needs no SUBSCRIBE. */
  get givenFilters(): string[] {
    const sys = `/sys/${this.productKey}/${this.deviceName}`;
    return this.autoSubscribes ? [`${sys}/#`, '/ota/#', '/ext/#'] : [`${sys}/broadcast/request/+`];
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
  published(session: Session, topic: string, payload: Buffer, qos: number): void;
}

export class Broker {
  readonly doors: Doors;
  private readonly entrances = new WeakMap<Client, Entrance>();
  private readonly verdicts = new WeakMap<Client, SignIn>();
  private readonly sessions = new WeakMap<Client, Session>();

  /** Opens nothing yet: `listen` does. */
  constructor(
    private readonly aedes: Aedes,
    options: DoorOptions,
    private readonly handler: BrokerHandler,
  ) {
    this.doors = new Doors(options, (stream: Duplex, entrance) => {
      this.entrances.set(aedes.handle(stream), entrance);
    });
    this.applyRules();
    this.reportSessions();
  }

  /** Opens the ports; after `unlisten` the same ones. */
  async listen(): Promise<void> {
    await this.doors.open();
  }

  /** Closes the ports and every connection; sessions that are not clean survive. */
  async unlisten(): Promise<void> {
    await this.doors.shut();
  }

  async close(): Promise<void> {
    await this.unlisten();
    await new Promise<void>((resolve) => this.aedes.close(resolve));
  }

  /** To every session that subscribed `topic` and may have it; QoS 1 is kept for sessions that are not clean. */
  publish(topic: string, payload: string | Buffer, qos: 0 | 1, done: () => void): void {
    this.aedes.publish(message(topic, payload, qos), () => done());
  }

  /** Closes the connection without an MQTT packet, as the platform does when the triple connects elsewhere. */
  kick(session: Session): void {
    session.client.conn.destroy();
  }

  /** Tears the connection by a TCP reset. */
  cut(session: Session): void {
    this.doors.reset(session.connection);
  }

  /** From now on nothing is read from the connection and nothing written to it. */
  freeze(session: Session): void {
    const { conn } = session.client;
    conn.removeAllListeners('readable');
    conn.cork();
  }

  private applyRules(): void {
    const { aedes } = this;
    aedes.preConnect = (client, packet, done) => {
      const verdict = this.handler.judge(describe(packet, this.entrances.get(client)));
      this.verdicts.set(client, verdict);
      // aedes takes the client id for the session key; the platform takes the triple.
      packet.clientId =
        'deviceName' in verdict ? `${verdict.deviceName}&${verdict.productKey}` : randomUUID();
      done(null, true);
    };
    aedes.authenticate = (client, _username, _password, done) => {
      const verdict = this.verdicts.get(client) ?? { refused: 2 };
      const entrance = this.entrances.get(client);
      if ('refused' in verdict) {
        done(Object.assign(new Error('refused'), { returnCode: verdict.refused }), null);
        return;
      }
      if ('deviceName' in verdict && entrance) this.admit(verdict, client, entrance.connection);
      done(null, true);
    };
    aedes.authorizePublish = (client, packet, done) => done(this.forbids(client, packet));
    aedes.authorizeSubscribe = (client, subscription, done) =>
      done(null, this.grant(client, subscription) ? subscription : null);
    // What a device publishes goes to the platform alone, what the platform publishes to the device it names.
    aedes.authorizeForward = (client, packet) => {
      if (this.greetingOf(client)?.topic === packet.topic) return packet;
      const session = this.sessions.get(client);
      const fromDevice = 'clientId' in packet && packet.clientId !== undefined;
      return session && !fromDevice && mayReceive(session, packet.topic) ? packet : null;
    };
  }

  private admit(admission: Admission, client: Client, connection: Socket): void {
    const session = new Session(admission, client, connection);
    this.sessions.set(client, session);
    this.subscribeGiven(session);
    // Not aedes' clientDisconnect: it is left out when two connections of one triple overlap.
    client.conn.once('close', () => this.handler.gone(session));
    this.handler.accepted(session);
  }

  /** Beside aedes' own subscriptions, which it would keep for a session that is not clean. */
  private subscribeGiven({ client, givenFilters }: Session): void {
    const forward = (packet: ForwardedPacket, done: () => void) => client.publish(packet, () => done());
    for (const filter of givenFilters) {
      this.aedes.subscribe(filter, forward, () => {});
      client.conn.once('close', () => this.aedes.unsubscribe(filter, forward, () => {}));
    }
  }

  private greetingOf(client: Client): Greeting | undefined {
    const verdict = this.verdicts.get(client);
    if (!verdict || 'refused' in verdict) return undefined;
    return 'registered' in verdict ? verdict.registered : verdict.greeting;
  }

  private reportSessions(): void {
    const { aedes, handler } = this;
    aedes.on('clientReady', (client) => {
      const greeting = this.greetingOf(client);
      if (greeting) client.publish(message(greeting.topic, greeting.payload, 0), () => {});
      this.tell(client, (session) => handler.ready(session));
    });
    aedes.on('subscribe', (_subscriptions, client) =>
      this.tell(client, (session) => handler.subscribed(session)),
    );
    aedes.on('unsubscribe', (filters, client) =>
      this.tell(client, (session) => {
        for (const filter of filters) session.filters.delete(filter);
      }),
    );
    aedes.on('publish', ({ topic, payload, qos }, client) => {
      if (!client) return;
      this.tell(client, (session) => handler.published(session, topic, Buffer.from(payload), qos));
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

function message(topic: string, payload: string | Buffer, qos: 0 | 1) {
  return { cmd: 'publish' as const, topic, payload, qos, retain: false, dup: false };
}

function describe(packet: ConnectPacket, entrance: Entrance | undefined): SignInRequest {
  return {
    clientId: packet.clientId,
    username: packet.username ?? '',
    password: packet.password?.toString() ?? '',
    keepalive: packet.keepalive ?? 0,
    hasWill: packet.will !== undefined,
    secure: entrance?.secure ?? false,
    certificate: entrance?.certificate,
  };
}
