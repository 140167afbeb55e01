/**
 * The console page: what the vendor's web console shows of the devices, on plain HTTP for this machine only.
 *
 *   GET  /              console.html
 *   GET  /api/events    server-sent events: the whole state at each change, 10 a second at most
 *   POST /api/property  {deviceName, params}                       -> {code, data}
 *   POST /api/service   {deviceName, identifier, input, sync}      -> {code, data}
 *   POST /api/firmware  {deviceName, corrupt}                      -> {version}
 *
 * Bad input: 400 `{error}`, a sentence. A device that does not answer: 504 `{error}`. No answer holds a secret.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import path from 'node:path';
import { isObject, type JsonObject, parseObject } from './alink';
import type { Cloud } from './cloud';
import type { CloudDevice } from './device';

const HOST = '127.0.0.1';
const PAGE = path.join(__dirname, 'console.html');
const CHANGE_PACE_MS = 100;
const MAX_BODY_BYTES = 64 * 1024;
const FIRMWARE_BYTES = 4 * 1024 * 1024;
const SHOWN_EVENTS = 20;

/** What the page's user typed wrong, in a sentence for him. */
class BadInput extends Error {}

export class ConsoleServer {
  private readonly streams = new Set<ServerResponse>();
  private timer: NodeJS.Timeout | null = null;
  private readonly changed = () => this.schedule();

  /** `port` 0 takes any free one. */
  static async start(cloud: Cloud, port: number): Promise<ConsoleServer> {
    const server = http.createServer();
    server.listen(port, HOST);
    await once(server, 'listening'); // rejects on 'error'
    return new ConsoleServer(cloud, server);
  }

  private constructor(
    private readonly cloud: Cloud,
    private readonly server: http.Server,
  ) {
    cloud.on('change', this.changed);
    server.on('error', () => {});
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      response.on('error', () => {});
      this.answer(request, response).catch((error: unknown) => fail(response, error));
    });
  }

  get port(): number {
    const address = this.server.address();
    return address !== null && typeof address === 'object' ? address.port : 0;
  }

  async close(): Promise<void> {
    this.cloud.off('change', this.changed);
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // Another name for this address means a foreign page that was made to point here (DNS rebinding).
    if (!isLoopbackName(request.headers.host)) throw new BadInput('Open the page by its address 127.0.0.1.');
    switch (`${request.method} ${request.url}`) {
      case 'GET /':
        response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(readFileSync(PAGE));
        return;
      case 'GET /api/events':
        this.stream(response);
        return;
      case 'POST /api/property':
        return json(response, await this.setProperties(await readBody(request)));
      case 'POST /api/service':
        return json(response, await this.invokeService(await readBody(request)));
      case 'POST /api/firmware':
        return json(response, this.pushFirmware(await readBody(request)));
    }
    json(response, { error: 'There is nothing here.' }, 404);
  }

  private stream(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.write(this.event());
    this.streams.add(response);
    response.once('close', () => this.streams.delete(response));
  }

  private schedule(): void {
    this.timer ??= setTimeout(() => {
      this.timer = null;
      const event = this.event();
      for (const stream of this.streams) stream.write(event);
    }, CHANGE_PACE_MS);
  }

  private event(): string {
    const { log, shortcuts } = this.cloud;
    return `data: ${JSON.stringify({ devices: this.cloud.devices.map(describe), log, shortcuts })}\n\n`;
  }

  private setProperties(body: JsonObject): Promise<object> {
    if (!isObject(body.params) || Object.keys(body.params).length === 0) {
      throw new BadInput('Give a property, for example power with the value 1.');
    }
    return this.online(body).setProperties(body.params);
  }

  private invokeService(body: JsonObject): Promise<object> {
    const { identifier, input, sync } = body;
    if (typeof identifier !== 'string' || !/^[\w:.]+$/.test(identifier)) {
      throw new BadInput('The service identifier must be letters, digits and underscores.');
    }
    if (!isObject(input)) throw new BadInput('The service input must be a JSON object.');
    return this.online(body).invokeService(identifier, input, { sync: sync === true });
  }

  private pushFirmware(body: JsonObject): object {
    const device = this.find(body);
    const present = device.versions.default;
    if (present === undefined) {
      throw new BadInput('The device has not reported a version yet, so the platform cannot push one.');
    }
    const version = nextVersion(present);
    const corrupt = body.corrupt === true ? { sign: '0'.repeat(64) } : {};
    device.pushFirmware({ version, content: randomBytes(FIRMWARE_BYTES), corrupt });
    return { version };
  }

  private online(body: JsonObject): CloudDevice {
    const device = this.find(body);
    if (!device.online) throw new BadInput(`${device.triple.deviceName} is offline.`);
    return device;
  }

  private find({ deviceName }: JsonObject): CloudDevice {
    const device = this.cloud.devices.find(({ triple }) => triple.deviceName === deviceName);
    if (!device) throw new BadInput('There is no device of this name.');
    return device;
  }
}

/** Field by field, so that no secret gets out with what is added later. */
function describe(device: CloudDevice): object {
  const { triple, online, connects, properties, desired, versions, upgrade, progress } = device;
  return {
    productKey: triple.productKey,
    deviceName: triple.deviceName,
    online,
    connects,
    properties,
    desired,
    events: device.events.slice(-SHOWN_EVENTS),
    versions,
    upgrade,
    progress: progress.at(-1) ?? null,
  };
}

/** Counts the last number of a version up: 1.0.9 -> 1.0.10. */
function nextVersion(version: string): string {
  const next = version.replace(/\d+(?=\D*$)/, (number) => String(Number(number) + 1));
  return next === version ? `${version}.1` : next;
}

function isLoopbackName(host = ''): boolean {
  return /^(127\.0\.0\.1|localhost)(:\d+)?$/.test(host);
}

/** Only JSON by its content type: a form of a foreign page cannot send that. */
async function readBody(request: IncomingMessage): Promise<JsonObject> {
  if (request.headers['content-type']?.split(';')[0] !== 'application/json') {
    throw new BadInput('The request must be application/json.');
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new BadInput('The request is too long.');
    chunks.push(chunk);
  }
  const body = parseObject(Buffer.concat(chunks));
  if (!body) throw new BadInput('The request must be a JSON object.');
  return body;
}

function json(response: ServerResponse, body: object, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function fail(response: ServerResponse, error: unknown): void {
  if (response.headersSent) response.destroy();
  else if (error instanceof BadInput) json(response, { error: error.message }, 400);
  else json(response, { error: error instanceof Error ? error.message : 'The device did not answer.' }, 504);
}
