/**
 * The least that a platform does for one device on any MQTT broker: answers its requests with 200 and sets its
 * properties. Where a broker forwards everything to everybody who has subscribed, as mosquitto does without an ACL, the
 * device gets its own words too.
 */
import { EventEmitter } from 'node:events';
import { connectAsync, type MqttClient } from 'mqtt';

export interface Request {
  id: string;
  method: string;
  params: unknown;
}

export interface PlatformEvents {
  /** A request of the device, answered already. */
  request: [Request];
  /** What the device answers to a set. */
  answer: [{ id: string; code: number }];
}

export class Platform extends EventEmitter<PlatformEvents> {
  /** Oldest first. */
  readonly requests: Request[] = [];
  private lastId = 0;

  /** `sys` is `/sys/${productKey}/${deviceName}`. */
  static async start(
    broker: { port: number; ca: string },
    user: { username: string; password: string },
    sys: string,
  ): Promise<Platform> {
    const url = `mqtts://127.0.0.1:${broker.port}`;
    // What the device says while the platform is away is not lost either.
    const session = { clientId: user.username, clean: false };
    const client = await connectAsync(url, { ...user, ...session, ca: broker.ca, reconnectPeriod: 50 });
    client.on('error', () => undefined);
    const platform = new Platform(client, sys);
    await client.subscribeAsync([`${sys}/thing/event/+/post`, `${sys}/thing/service/property/set_reply`], {
      qos: 1,
    });
    return platform;
  }

  private constructor(
    private readonly client: MqttClient,
    private readonly sys: string,
  ) {
    super();
    client.on('message', (topic, payload) => this.receive(topic, JSON.parse(payload.toString())));
  }

  /** Sets properties; the broker keeps it for a device whose session is away. Resolves with the id when the broker has it. */
  async set(params: object): Promise<string> {
    this.lastId += 1;
    const id = String(this.lastId);
    const request = { id, version: '1.0', params, method: 'thing.service.property.set' };
    await this.client.publishAsync(`${this.sys}/thing/service/property/set`, JSON.stringify(request), {
      qos: 1,
    });
    return id;
  }

  /** Any bytes on any topic. */
  async say(topic: string, payload: string | Buffer): Promise<void> {
    await this.client.publishAsync(topic, payload, { qos: 1 });
  }

  async close(): Promise<void> {
    await this.client.endAsync(true);
  }

  private receive(topic: string, message: Request & { code: number }): void {
    if (topic.endsWith('_reply')) {
      this.emit('answer', message);
      return;
    }
    const { id, method } = message;
    const reply = { id, version: '1.0', code: 200, data: {}, message: 'success', method };
    this.client.publish(`${topic}_reply`, JSON.stringify(reply));
    this.requests.push(message);
    this.emit('request', message);
  }
}
