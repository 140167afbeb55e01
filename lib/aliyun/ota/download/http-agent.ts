/**
 * What connects to the servers of a download: TLS always verified, undici's own time limits, and through the proxy that
 * the environment names (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`, also in small letters), with the TLS inside its tunnel.
 */
import { type LookupFunction, Socket } from 'node:net';
import { Agent, buildConnector, type Dispatcher, EnvHttpProxyAgent, Pool } from 'undici';
import { sharedTrust } from '../../roots';

export interface AgentOptions {
  /** PEM certificates trusted besides Node's own roots. */
  ca?: readonly string[];
  /** How long to wait for the connection, for an answer, and between two pieces of it. */
  stallMs: number;
  lookup: LookupFunction;
}

const PROXY_VARIABLES = ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY'];

export class HttpAgent {
  readonly dispatcher: Dispatcher;
  /** Those that are open, or being opened. */
  private readonly sockets = new Set<Socket>();

  /** Throws when the environment names a proxy whose address cannot be used. */
  constructor({ ca, stallMs, lookup }: AgentOptions) {
    const tls = { secureContext: sharedTrust(ca), rejectUnauthorized: true, timeout: stallMs };
    const limits = { headersTimeout: stallMs, bodyTimeout: stallMs };
    const options = { connect: this.connector({ ...tls, lookup }), ...limits };
    // undici says of this one that it is experimental: only who has a proxy need read that.
    const hasProxy = PROXY_VARIABLES.some((name) => process.env[name]);
    if (!hasProxy) {
      this.dispatcher = new Agent(options);
      return;
    }
    // Without its limits a proxy that is silent would have five minutes to open the tunnel.
    const clientFactory = (origin: URL) => new Pool(origin, { connect: this.connector(tls), ...limits });
    const proxied = { ...options, requestTls: tls, clientFactory };
    this.dispatcher = new EnvHttpProxyAgent(proxied);
  }

  /** Closes what is open, at once. */
  async close(): Promise<void> {
    await this.dispatcher.destroy();
    // undici leaves those alone that are not connected yet, or on their way to TLS in the tunnel of a proxy.
    for (const socket of this.sockets) socket.destroy(new Error('closed'));
  }

  private connector(options: buildConnector.BuildOptions): buildConnector.connector {
    const connect = buildConnector(options);
    return (to, connected) => {
      const socket: unknown = connect(to, connected);
      if (!(socket instanceof Socket)) return;
      this.sockets.add(socket);
      socket.on('error', () => {});
      socket.once('close', () => this.sockets.delete(socket));
    };
  }
}
