/**
 * The HTTPS side of sign-in: registration, pre-auth, bootstrap. Forms in, JSON out.
 *
 *   POST /auth/register/device   productKey, deviceName, random, sign, signMethod
 *                                -> {"code":200,"data":{"productKey","deviceName","deviceSecret"},"message"}
 *   POST /auth/devicename        productKey, deviceName, signmethod, sign, version=default, clientId, timestamp,
 *                                resources=mqtt
 *                                -> data {"iotId","iotToken","resources":{"mqtt":{"host","port"}}}
 *   POST /auth/bootstrap         productKey, deviceName, clientId, resources=mqtt
 *                                -> data {"resources":{"mqtt":{"host","port"}}}
 *
 * Source: reference/aliyun.md 1.8, 1.9, 2.1.
 */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import https from 'node:https';

/** What came: `fields` hold signatures, never secrets. */
export interface AuthRequest {
  path: string;
  fields: Record<string, string>;
}

/** null: there is no such path. */
export type AnswerAuth = (path: string, form: Map<string, string>) => object | null;

const MAX_BODY_BYTES = 16 * 1024;
const FORM = 'application/x-www-form-urlencoded';

export class AuthServer {
  /** Oldest first. */
  readonly requests: AuthRequest[] = [];
  /** Answers every request with this code and carries none out. */
  code: number | null = null;

  /** `port` 0 takes any free one; rejects when it is taken. */
  static async start(
    host: string,
    port: number,
    certificate: { key: string; cert: string },
    answer: AnswerAuth,
  ): Promise<AuthServer> {
    const server = https.createServer({ key: certificate.key, cert: certificate.cert });
    server.listen(port, host);
    await once(server, 'listening'); // rejects on 'error'
    return new AuthServer(server, answer);
  }

  private constructor(
    private readonly server: https.Server,
    private readonly answer: AnswerAuth,
  ) {
    server.on('error', () => {});
    server.on('tlsClientError', () => {}); // a client that does not trust our authority: its own test sees it
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      response.on('error', () => {});
      this.receive(request, response).catch(() => response.destroy());
    });
  }

  get port(): number {
    const address = this.server.address();
    return address !== null && typeof address === 'object' ? address.port : 0;
  }

  async close(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }

  private async receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    if (request.method !== 'POST') return send(response, 405, {});
    if (request.headers['content-type']?.split(';')[0] !== FORM) return send(response, 415, {});
    const form = new Map(new URLSearchParams(await readBody(request)));
    this.requests.push({ path, fields: Object.fromEntries(form) });
    if (this.code !== null) return send(response, 200, { code: this.code, message: 'refused', data: {} });
    const answer = this.answer(path, form);
    send(response, answer ? 200 : 404, answer ?? {});
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new Error('the form is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
