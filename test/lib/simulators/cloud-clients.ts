/** Plain MQTT clients for the tests of the simulated cloud; what they sign is computed here, from the document alone. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import https from 'node:https';
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import { Cloud, type CloudDevice, type CloudOptions } from '../../simulators/cloud';

/** The triple of the document's worked example. */
export const EXAMPLE = { productKey: 'pk', deviceName: 'device', deviceSecret: 'secret' };
export const LAMP = {
  productKey: 'a1lamp',
  deviceName: 'lamp-1',
  deviceSecret: '0123456789abcdef0123456789abcdef',
};
export const OWN = 'a1lamp/lamp-1';
export const SYS = `/sys/${OWN}/`;

/** hex(HMAC-SHA-256). */
export function hmac(secret: string, content: string): string {
  return createHmac('sha256', secret).update(content).digest('hex');
}

const PASSWORD = hmac(LAMP.deviceSecret, 'clientIdcid9deviceNamelamp-1productKeya1lamp');

const FORM = 'application/x-www-form-urlencoded';

/** The clients of one test; `close` ends them all. */
export class Clients {
  private readonly all: MqttClient[] = [];

  constructor(private readonly cloud: Cloud) {}

  /** The lamp's client unless `options` say otherwise, over verified TLS unless `tcp`. It does not reconnect. */
  dial(options: IClientOptions = {}, tcp = false): MqttClient {
    const client = mqtt.connect({
      protocol: tcp ? 'mqtt' : 'mqtts',
      host: '127.0.0.1',
      port: (tcp ? this.cloud.tcpPort : this.cloud.tlsPort) ?? 0,
      ca: this.cloud.ca,
      clientId: `cid9|securemode=${tcp ? 3 : 2},signmethod=hmacsha256,ext=1|`,
      username: 'lamp-1&a1lamp',
      password: PASSWORD,
      keepalive: 60,
      reconnectPeriod: 0,
      protocolVersion: 4,
      ...options,
    });
    client.on('error', () => {});
    this.all.push(client);
    return client;
  }

  /** The CONNACK code: 0 when signed in. */
  async connack(options: IClientOptions = {}, tcp = false): Promise<number> {
    const client = this.dial(options, tcp);
    const code = await new Promise<number>((resolve, reject) => {
      client.on('packetreceive', (packet) => {
        if (packet.cmd === 'connack') resolve(packet.returnCode ?? 0);
      });
      client.on('close', () => reject(new Error('closed without CONNACK')));
    });
    client.end(true);
    return code;
  }

  async connect(options: IClientOptions = {}): Promise<MqttClient> {
    const client = this.dial(options);
    await seen(client, 'connect');
    return client;
  }

  /** The lamp on line with these subscriptions. */
  async subscribed(...filters: string[]): Promise<MqttClient> {
    const client = await this.connect();
    await client.subscribeAsync(filters);
    return client;
  }

  close(): void {
    for (const client of this.all) client.end(true);
  }
}

/** A cloud that knows the example and the lamp, for each test; call inside `describe`. */
export function useCloud(options: Partial<CloudOptions> = {}) {
  let running: { cloud: Cloud; clients: Clients } | undefined;
  const now = () => running ?? assert.fail('the cloud runs during a test only');
  beforeEach(async () => {
    const cloud = await Cloud.start({ devices: [EXAMPLE, LAMP], ...options });
    running = { cloud, clients: new Clients(cloud) };
  });
  afterEach(async () => {
    running?.clients.close();
    await running?.cloud.close();
  });
  return {
    get cloud(): Cloud {
      return now().cloud;
    },
    get clients(): Clients {
      return now().clients;
    },
    get lamp(): CloudDevice {
      return now().cloud.device(LAMP.deviceName);
    },
  };
}

/** Waits for an event of a client. */
export function seen(client: MqttClient, event: 'connect' | 'close' | 'message'): Promise<void> {
  return new Promise((resolve) => client.once(event, () => resolve()));
}

/** The next message on any topic. */
export function anyMessage(client: MqttClient): Promise<{ topic: string; payload: Buffer }> {
  return new Promise((resolve) => {
    client.once('message', (topic, payload) => resolve({ topic, payload }));
  });
}

/** The payload of the next message on `topic`. */
export function message(client: MqttClient, topic: string): Promise<Buffer> {
  return new Promise((resolve) => {
    client.on('message', (from, payload) => {
      if (from === topic) resolve(payload);
    });
  });
}

/** Publishes `body` on `topic` and gives the next message on `replyTopic`, parsed. */
export async function exchange(client: MqttClient, topic: string, replyTopic: string, body: object | string) {
  const reply = message(client, replyTopic);
  await client.publishAsync(topic, typeof body === 'string' ? body : JSON.stringify(body));
  return JSON.parse((await reply).toString());
}

/** Answers every Alink request of the cloud with 200; gives the requests as they come. */
export function answering(client: MqttClient, data: object = {}) {
  const calls: { topic: string; id: string; method: string; params: unknown }[] = [];
  client.on('message', (topic, payload) => {
    const body = JSON.parse(payload.toString());
    if (body.method === undefined || body.code !== undefined) return; // a reply to a request of its own
    calls.push({ topic, id: body.id, method: body.method, params: body.params });
    client.publish(`${topic}_reply`, JSON.stringify({ id: body.id, code: 200, data }));
  });
  return calls;
}

/** An Alink request of the lamp. */
export function request(method: string, params: unknown, more: object = {}) {
  return { id: '7', version: '1.0', method, params, ...more };
}

/** Publishes a request of the lamp below `/sys/` and gives the reply; `body` is sent as it is when it is text. */
export async function ask(client: MqttClient, path: string, body: object | string) {
  return exchange(client, SYS + path, `${SYS}${path}_reply`, body);
}

/** Posts a form to the cloud's sign-in server over verified HTTPS; `body` is the parsed answer. */
export async function postForm(cloud: Cloud, path: string, fields: Record<string, string>, type = FORM) {
  const url = `https://127.0.0.1:${cloud.authPort}${path}`;
  const headers = { 'content-type': type };
  const outgoing = https.request(url, { method: 'POST', ca: cloud.ca, agent: false, headers });
  outgoing.end(new URLSearchParams(fields).toString());
  const [response] = await once(outgoing, 'response');
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return { status: response.statusCode, body: JSON.parse(Buffer.concat(chunks).toString()) };
}

export interface Download {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
  /** The connection ended before the body did. */
  broken: boolean;
}

/** Fetches a firmware over verified HTTPS, on a connection of its own. */
export async function download(
  cloud: Cloud,
  url: string,
  options: https.RequestOptions = {},
): Promise<Download> {
  const outgoing = https.request(url, { ca: cloud.ca, agent: false, ...options }).end();
  const [response] = await once(outgoing, 'response');
  const chunks: Buffer[] = [];
  response.on('data', (chunk: Buffer) => chunks.push(chunk));
  response.on('error', () => {});
  await new Promise((resolve) => response.once('close', resolve));
  const { statusCode, headers, complete } = response;
  return { status: statusCode, headers, body: Buffer.concat(chunks), broken: !complete };
}
