/** The push servers of one program, by local address; each made when a gateway is first to call there. */
import { PushServer } from './push-server';

export class PushServers {
  private readonly servers = new Map<string, PushServer>();

  constructor(private readonly port?: number) {}

  at(bindAddress: string): PushServer {
    const server = this.servers.get(bindAddress) ?? new PushServer({ bindAddress, port: this.port });
    this.servers.set(bindAddress, server);
    return server;
  }
}
