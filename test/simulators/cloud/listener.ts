/** One listening TCP or TLS port that can go down and come up again under the same number. */
import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';

export class Listener {
  private server: net.Server | null = null;
  /** The accepted TCP sockets by the peer's port: below TLS too, so that a connection can be torn at its root. */
  private readonly sockets = new Map<number, net.Socket>();

  /**
   * `port` 0 takes any free one, at the first start. `certificate` null: plain TCP.
   * `accept` gets every connection, after the handshake with TLS.
   */
  constructor(
    private readonly host: string,
    public port: number,
    private readonly certificate: tls.TlsOptions | null,
    private readonly accept: (connection: net.Socket) => void,
  ) {}

  /** Rejects when the port is taken. */
  async start(): Promise<void> {
    if (this.server) return;
    const server = this.certificate
      ? tls.createServer({ ...this.certificate, noDelay: true }, this.accept)
      : net.createServer({ noDelay: true }, this.accept);
    server.on('connection', (socket: net.Socket) => this.keep(socket));
    server.on('tlsClientError', () => {}); // a client that does not trust our authority: its own test sees it
    server.listen(this.port, this.host);
    await once(server, 'listening'); // rejects on 'error'
    server.on('error', () => {}); // a failed accept concerns one client only
    const address = server.address();
    if (address !== null && typeof address === 'object') this.port = address.port;
    this.server = server;
  }

  /** Stops listening and destroys every connection. */
  async stop(): Promise<void> {
    const server = this.server;
    if (!server) return;
    this.server = null;
    const closed = once(server, 'close');
    server.close();
    for (const socket of this.sockets.values()) socket.destroy();
    await closed;
  }

  /** Tears a connection with a TCP reset, as a router that lost its table does. False: not one of ours. */
  reset(connection: net.Socket): boolean {
    const socket = this.sockets.get(connection.remotePort ?? -1);
    if (!socket || connection.localPort !== this.port) return false;
    socket.resetAndDestroy();
    connection.destroy();
    return true;
  }

  private keep(socket: net.Socket): void {
    const port = socket.remotePort;
    socket.on('error', () => {}); // the MQTT layer hears of it by the close
    if (port === undefined) return;
    this.sockets.set(port, socket);
    socket.once('close', () => this.sockets.delete(port));
  }
}
