/**
 * MQTT inside WebSocket, on connections that somebody else accepted: path `/` or `/mqtt`, sub-protocol `mqtt`.
 * Source: reference/aliyun.md 1.4.
 */
import { createServer, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createWebSocketStream, WebSocketServer } from 'ws';

const PATHS = ['/', '/mqtt'];

export class WebSockets {
  /** Listens nowhere. */
  private readonly http = createServer((_request, response) => response.writeHead(426).end());
  private readonly sockets = new WebSocketServer({ noServer: true, handleProtocols: () => 'mqtt' });

  /** `accept` gets the stream inside each WebSocket, and the connection around it. */
  constructor(accept: (stream: Duplex, connection: Socket) => void) {
    this.http.on('upgrade', (request: IncomingMessage, connection: Socket, head: Buffer) => {
      const protocols = request.headers['sec-websocket-protocol']?.split(/,\s*/) ?? [];
      if (!PATHS.includes(request.url ?? '') || !protocols.includes('mqtt')) {
        connection.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
        return;
      }
      this.sockets.handleUpgrade(request, connection, head, (socket) => {
        const stream = createWebSocketStream(socket);
        stream.on('error', () => {});
        accept(stream, connection);
      });
    });
  }

  take(connection: Socket): void {
    this.http.emit('connection', connection);
  }
}
