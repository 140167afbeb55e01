/**
 * The side of the cloud that registers devices, strict and written from the documents: one product with one device,
 * behind HTTPS and behind MQTT over TLS. Each registration makes another secret; the last one counts.
 */
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Server as NetServer, Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { certify } from '../../../simulators/cloud/authority';
import { type Aedes, createAedes } from '../../../simulators/cloud/broker';
import { lamp, productSecret } from './lamp';

type AedesClient = Parameters<NonNullable<Aedes['authenticate']>>[0];
type Fields = Record<string, string>;

const FORM = ['deviceName', 'productKey', 'random', 'sign', 'signMethod'];
const REFUSED = 4;

export class Registrar {
  /** What it has given out, the valid one last. */
  readonly secrets: string[] = [];
  /** The clientIds of MQTT, as they came. */
  readonly clientIds: string[] = [];
  /** How often it was asked, with or without success. */
  asked = 0;
  /** Such as `iot-06z00abcde`; blank: the old public instance. */
  instanceId = '';
  /** HTTPS: what is answered instead. */
  refusal: { code: number; message: string } | undefined;
  /** MQTT: what is told instead; null: nothing. */
  payload: string | Buffer | null | undefined;
  /** MQTT: where it is told. */
  topic: string | undefined;
  /** Called before an answer goes out. */
  beforeAnswer: () => void = () => undefined;
  private readonly sockets = new Set<Socket>();

  static async start(): Promise<Registrar> {
    const certificate = await certify('127.0.0.1');
    const registrar = new Registrar(certificate, await createAedes());
    await Promise.all([registrar.https, registrar.mqtts].map((server) => listening(server)));
    return registrar;
  }

  private readonly https: NetServer;
  private readonly mqtts: NetServer;

  private constructor(
    private readonly certificate: { ca: string; key: string; cert: string },
    private readonly aedes: Aedes,
  ) {
    this.https = createHttpsServer(certificate, (request, response) => void this.post(request, response));
    this.mqtts = createTlsServer(certificate, (socket) => void aedes.handle(socket));
    for (const server of [this.https, this.mqtts]) {
      server.on('connection', (socket) => {
        this.sockets.add(socket);
        socket.on('error', () => undefined);
        socket.on('close', () => this.sockets.delete(socket));
      });
      server.on('tlsClientError', () => undefined);
      server.on('error', () => undefined);
    }
    this.applyRules();
  }

  get ca(): string {
    return this.certificate.ca;
  }

  get httpsPort(): number {
    return portOf(this.https);
  }

  get mqttPort(): number {
    return portOf(this.mqtts);
  }

  get lastSecret(): string | undefined {
    return this.secrets.at(-1);
  }

  /** Tears every connection. */
  hangUp(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.hangUp();
    await Promise.all([this.https, this.mqtts].map((server) => new Promise((done) => server.close(done))));
    await new Promise<void>((resolve) => this.aedes.close(resolve));
  }

  private async post(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    this.asked += 1;
    const form = Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString()));
    const answer = this.refusal ?? this.judge(request, form);
    this.beforeAnswer();
    response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
  }

  private judge({ method, url, headers }: IncomingMessage, form: Fields): object {
    if (method !== 'POST' || url !== '/auth/register/device') return { code: 404, message: 'not found' };
    if (!headers['content-type']?.startsWith('application/x-www-form-urlencoded'))
      return { code: 460, message: 'no form' };
    if (Object.keys(form).sort().join() !== FORM.join()) return { code: 460, message: 'parameters' };
    const { productKey, deviceName, random = '', sign, signMethod } = form;
    if (productKey !== lamp.productKey) return { code: 6250, message: 'product not exist' };
    if (deviceName !== lamp.deviceName) return { code: 6100, message: 'device not found' };
    const expected = signOf(signMethod, random);
    if (!expected) return { code: 6292, message: 'signMethod' };
    if (sign?.toLowerCase() !== expected) return { code: 6600, message: 'signature error' };
    return { code: 200, message: 'success', data: { ...lamp, deviceSecret: this.newSecret() } };
  }

  private applyRules(): void {
    const asking = new WeakMap<AedesClient, string>();
    this.aedes.preConnect = (client, packet, done) => {
      asking.set(client, packet.clientId);
      // aedes takes the clientId for the session, the cloud the names.
      packet.clientId = packet.username ?? '';
      done(null, packet.clean === true && packet.protocolVersion === 4);
    };
    this.aedes.authenticate = (client, username, password, done) => {
      this.asked += 1;
      const clientId = asking.get(client) ?? '';
      this.clientIds.push(clientId);
      if (this.admits(clientId, username ?? '', password?.toString() ?? '')) done(null, true);
      else done(Object.assign(new Error('refused'), { returnCode: REFUSED }), false);
    };
    this.aedes.authorizeSubscribe = (_client, _subscription, done) => done(new Error('not here'));
    this.aedes.authorizePublish = (_client, _packet, done) => done(new Error('not here'));
    this.aedes.on('clientReady', (client) => this.tell(client, keysOf(asking.get(client) ?? '')));
  }

  /** The rules of CONNECT, for both forms of registration. */
  private admits(clientId: string, username: string, password: string): boolean {
    const { securemode, authType = '', random = '', signmethod, instanceId = '', ...more } = keysOf(clientId);
    const mode = authType === 'register' && this.instanceId === '' ? '2' : '-2';
    return (
      /^[^|]{1,64}\|[^|]+\|$/.test(clientId) &&
      username === `${lamp.deviceName}&${lamp.productKey}` &&
      ['register', 'regnwl'].includes(authType) &&
      securemode === mode &&
      instanceId === this.instanceId &&
      Object.keys(more).length === 0 &&
      password.toLowerCase() === signOf(signmethod, random)
    );
  }

  /** Without a subscription of the client's. */
  private tell(client: AedesClient, { authType }: Fields): void {
    if (this.payload === null) return;
    const secret = this.newSecret();
    const reply =
      authType === 'register' ? { deviceSecret: secret } : { clientId: 'given-1', deviceToken: secret };
    this.beforeAnswer();
    client.publish(
      {
        cmd: 'publish',
        topic: this.topic ?? `/ext/${authType}`,
        payload: this.payload ?? JSON.stringify({ ...lamp, ...reply }),
        qos: 1,
        retain: false,
        dup: false,
      },
      () => undefined,
    );
  }

  private newSecret(): string {
    const secret = `topsecret-${this.secrets.length + 1}`;
    this.secrets.push(secret);
    return secret;
  }
}

/** The keys between the bars. */
function keysOf(clientId: string): Fields {
  const [, keys = ''] = clientId.split('|');
  return Object.fromEntries(keys.split(',').map((pair) => pair.split('=')));
}

function signOf(method = '', random = ''): string | undefined {
  const algorithm = /^hmac(md5|sha1|sha256)$/.exec(method)?.[1];
  if (algorithm === undefined || random === '') return undefined;
  const content = `deviceName${lamp.deviceName}productKey${lamp.productKey}random${random}`;
  return createHmac(algorithm, productSecret).update(content).digest('hex');
}

async function listening(server: NetServer): Promise<void> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
}

function portOf(server: NetServer): number {
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server is closed');
  return address.port;
}
