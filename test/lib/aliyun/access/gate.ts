/**
 * The entrance of the cloud, written from the documents: a broker behind any transport, and the HTTPS services that
 * tell where and how to sign in. It keeps what it was told; a test says what it answers.
 */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { createWebSocketStream, WebSocketServer } from 'ws';
import type { Transport } from '../../../../lib/aliyun/endpoint';
import { certify } from '../../../simulators/cloud/authority';
import { type Aedes, createAedes } from '../../../simulators/cloud/broker';

export interface Pair {
  cert: string;
  key: string;
}

/** What CONNECT said. */
export interface Visit {
  clientId: string;
  username: string;
  password: string;
}

export interface Question {
  path: string;
  form: Record<string, string>;
}

interface Certificates extends Pair {
  ca: string;
}

export interface GateOptions {
  transport?: Transport;
  /** Default: signed by the gate's own authority, for 127.0.0.1. */
  certificate?: Certificates;
  /** Lets nobody in without a certificate of its authority. */
  asksForCertificate?: boolean;
}

export class Gate {
  readonly visits: Visit[] = [];
  readonly questions: Question[] = [];
  /** The CONNACK code for a visit. */
  judge: (visit: Visit) => number = () => 0;
  /** The body of an HTTPS answer, or an HTTP status, or nothing for silence. */
  answer: (question: Question) => unknown = () => 404;
  /** Sent to who comes in, without a subscription. */
  greeting: { topic: string; payload: string } | undefined;
  /** Hears of each SUBSCRIBE. */
  onSubscribe: (topics: string[]) => void = () => undefined;
  private readonly sockets = new Set<Socket>();

  static async start(options: GateOptions = {}): Promise<Gate> {
    const certificate = options.certificate ?? (await certify('127.0.0.1'));
    const gate = new Gate(certificate, await createAedes(), options);
    await Promise.all([gate.mqtt, gate.https].map((server) => listening(server)));
    return gate;
  }

  private readonly mqtt: Server;
  private readonly https: Server;

  private constructor(
    private readonly certificate: Certificates,
    private readonly aedes: Aedes,
    { transport = 'tls', asksForCertificate = false }: GateOptions,
  ) {
    const { ca, cert, key } = certificate;
    const asking = asksForCertificate ? { ca, requestCert: true, rejectUnauthorized: true } : {};
    this.mqtt = brokerServer(transport, { cert, key, ...asking }, aedes);
    const https = createHttpsServer({ cert, key }, (request, response) => void this.post(request, response));
    // Who does not hang up by himself is seen.
    https.keepAliveTimeout = 60_000;
    this.https = https;
    for (const server of [this.mqtt, this.https]) {
      server.on('connection', (socket) => this.keep(socket));
      server.on('tlsClientError', () => undefined);
      server.on('error', () => undefined);
    }
    aedes.on('subscribe', (subscriptions) => this.onSubscribe(subscriptions.map(({ topic }) => topic)));
    aedes.preConnect = (_client, packet, done) => {
      const { clientId, username = '', password = '' } = packet;
      this.visits.push({ clientId, username, password: String(password) });
      done(null, true);
    };
    aedes.authenticate = (client, _username, _password, done) => {
      const visit = this.visits.at(-1);
      const code = visit ? this.judge(visit) : 0;
      const { greeting } = this;
      if (code === 0 && greeting) {
        setImmediate(() => client.publish({ ...packet(greeting), qos: 0 }, () => undefined));
      }
      if (code === 0) done(null, true);
      else done(Object.assign(new Error('refused'), { returnCode: code }), false);
    };
  }

  get ca(): string {
    return this.certificate.ca;
  }

  get mqttPort(): number {
    return portOf(this.mqtt);
  }

  get httpsPort(): number {
    return portOf(this.https);
  }

  /** Resolves when nobody is connected any more. */
  async empty(): Promise<void> {
    for (const socket of this.sockets) await once(socket, 'close');
  }

  /** Tears every connection. */
  hangUp(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.hangUp();
    await Promise.all([this.mqtt, this.https].map((server) => new Promise((done) => server.close(done))));
    await new Promise<void>((resolve) => this.aedes.close(resolve));
  }

  private keep(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => this.sockets.delete(socket));
  }

  private async post(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const form = Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString()));
    const isForm = request.headers['content-type'] === 'application/x-www-form-urlencoded';
    const question = { path: request.url ?? '', form };
    if (request.method === 'POST' && isForm) this.questions.push(question);
    const answer = this.answer(question);
    if (answer === undefined) return;
    if (typeof answer === 'number') response.writeHead(answer, { location: '/elsewhere' }).end('<html>');
    else response.end(typeof answer === 'string' ? answer : JSON.stringify(answer));
  }
}

function brokerServer(transport: Transport, options: object, aedes: Aedes): Server {
  if (transport === 'tcp') return createTcpServer((socket) => void aedes.handle(socket));
  if (transport === 'tls') return createTlsServer(options, (socket) => void aedes.handle(socket));
  const server = transport === 'wss' ? createHttpsServer(options) : createHttpServer();
  const sockets = new WebSocketServer({ server, path: '/mqtt' });
  sockets.on('error', () => undefined);
  sockets.on('connection', (socket, request) => {
    const stream = createWebSocketStream(socket);
    stream.on('error', () => undefined);
    aedes.handle(stream, request);
  });
  return server;
}

function packet({ topic, payload }: { topic: string; payload: string }) {
  return { cmd: 'publish' as const, topic, payload, dup: false, retain: false };
}

async function listening(server: Server): Promise<void> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
}

function portOf(server: Server): number {
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === 'string') throw new Error('the gate is closed');
  return address.port;
}
