/** A proxy of the test's own on loopback: it opens tunnels (CONNECT), and whatever their end is called, it is on loopback. */
import { EventEmitter } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type Socket } from 'node:net';

/** Emits `asked` when somebody wants a tunnel. */
export class ConnectProxy extends EventEmitter<{ asked: [] }> {
  /** `host:port` of each tunnel asked for. */
  readonly asked: string[] = [];
  /** The `Proxy-Authorization` of each. */
  readonly credentials: (string | undefined)[] = [];
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {
    super();
  }

  /** A `status` other than 200 refuses every tunnel, and `silent` neither opens nor refuses any. */
  static async start(status: number | 'silent' = 200): Promise<ConnectProxy> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (typeof address !== 'object' || address === null) throw new Error('the proxy has no port');
    const proxy = new ConnectProxy(server, address.port);
    server.on('connection', (socket) => proxy.keep(socket));
    server.on('connect', (request, client: Socket) => {
      proxy.asked.push(request.url ?? '');
      proxy.credentials.push(request.headers['proxy-authorization']);
      proxy.emit('asked');
      if (status === 'silent') return;
      if (status !== 200) client.end(`HTTP/1.1 ${status} No\r\n\r\n`);
      else proxy.open(client, request.url ?? '');
    });
    return proxy;
  }

  close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }

  private open(client: Socket, target: string): void {
    const { port } = new URL(`http://${target}`);
    const there = connect(Number(port), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n');
      client.pipe(there).pipe(client);
    });
    this.keep(there);
  }

  private keep(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.sockets.delete(socket));
  }
}
