/** The ports of the broker: TLS, TCP, WebSocket over both, and TLS that asks for a device's certificate. */
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { Listener } from './listener';
import { WebSockets } from './web-sockets';

/** null: no such port. 0: any free one. */
export interface DoorOptions {
  host: string;
  tlsPort: number;
  tcpPort: number | null;
  wsPort: number | null;
  wssPort: number | null;
  x509Port: number | null;
  /** `ca` signs the certificates of devices. */
  certificate: { ca: string; key: string; cert: string };
}

/** How somebody came in. */
export interface Entrance {
  secure: boolean;
  /** SHA-256 fingerprint of the client's certificate, on the port that asks for one. */
  certificate?: string;
  /** The connection at the root, TLS included. */
  connection: Socket;
}

/** Gets the stream of MQTT packets of every connection. */
export type Accept = (stream: Duplex, entrance: Entrance) => void;

export class Doors {
  readonly tls: Listener;
  readonly tcp: Listener | null;
  readonly ws: Listener | null;
  readonly wss: Listener | null;
  readonly x509: Listener | null;

  constructor(options: DoorOptions, accept: Accept) {
    const { host, tlsPort, tcpPort, wsPort, wssPort, x509Port } = options;
    const { ca, key, cert } = options.certificate;
    const secure = { key, cert };
    const certified = { key, cert, ca, requestCert: true, rejectUnauthorized: true };
    const enter = (connection: Socket) => accept(connection, entrance(connection));
    const sockets = new WebSockets((stream, connection) => accept(stream, entrance(connection)));
    const upgrade = (connection: Socket) => sockets.take(connection);
    this.tls = new Listener(host, tlsPort, secure, enter);
    this.tcp = tcpPort === null ? null : new Listener(host, tcpPort, null, enter);
    this.ws = wsPort === null ? null : new Listener(host, wsPort, null, upgrade);
    this.wss = wssPort === null ? null : new Listener(host, wssPort, secure, upgrade);
    this.x509 = x509Port === null ? null : new Listener(host, x509Port, certified, enter);
  }

  async open(): Promise<void> {
    for (const listener of this.all) await listener.start();
  }

  async shut(): Promise<void> {
    await Promise.all(this.all.map((listener) => listener.stop()));
  }

  /** Tears a connection by a TCP reset. */
  reset(connection: Socket): void {
    for (const listener of this.all) if (listener.reset(connection)) return;
  }

  private get all(): Listener[] {
    return [this.tls, this.tcp, this.ws, this.wss, this.x509].filter((listener) => listener !== null);
  }
}

function entrance(connection: Socket): Entrance {
  if (!(connection instanceof TLSSocket)) return { secure: false, connection };
  const certificate = connection.getPeerCertificate()?.fingerprint256;
  return { secure: true, certificate, connection };
}
