/** A device's voice in mDNS, on loopback and a free port: multicast-dns answers, not our code. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import multicastDns, { type MulticastDNS, type ResponseOutgoingPacket } from 'multicast-dns';

const SERVICE = '_miio._udp.local';
const MESSAGE_RECORDS = 60;

export class Announcer {
  /** Questions for our service that arrived. */
  questions = 0;
  /** What is answered to each, in messages of a few records. */
  private readonly answers: ResponseOutgoingPacket['answers'] = [];

  private constructor(
    readonly port: number,
    private readonly dns: MulticastDNS,
  ) {
    dns.on('query', ({ questions }) => {
      if (!questions.some(({ name, type }) => name === SERVICE && type === 'PTR')) return;
      this.questions++;
      for (let from = 0; from < this.answers.length; from += MESSAGE_RECORDS) {
        dns.respond(this.answers.slice(from, from + MESSAGE_RECORDS));
      }
    });
  }

  /** `address`: a loopback address to answer from. */
  static async open(address: string): Promise<Announcer> {
    const port = await freePort();
    const dns = multicastDns({ port, interface: address, bind: '0.0.0.0' });
    await once(dns, 'ready');
    return new Announcer(port, dns);
  }

  /** Answers from now on with the records of one more device. */
  announce(name: string, address: string, port = 54_321): void {
    const instance = `${name}.${SERVICE}`;
    this.answers.push(
      { name: SERVICE, type: 'PTR', data: instance },
      { name: instance, type: 'SRV', data: { port, target: `${name}.local` } },
      { name: `${name}.local`, type: 'A', data: address },
    );
  }

  /** Announces a device once, unasked. */
  tell(address: string): Promise<void> {
    const instance = `told.${SERVICE}`;
    const answers: ResponseOutgoingPacket['answers'] = [
      { name: SERVICE, type: 'PTR', data: instance },
      { name: instance, type: 'SRV', data: { port: 54_321, target: 'told.local' } },
      { name: 'told.local', type: 'A', data: address },
    ];
    return new Promise((resolve) => this.dns.respond(answers, () => resolve()));
  }

  /** Answers with one more device that is not there. */
  lie(port: number): void {
    const target = 'nobody.local';
    this.answers.push({ name: `liar${port}.${SERVICE}`, type: 'SRV', data: { port, target } });
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.dns.destroy(resolve));
  }
}

/** A UDP port that nobody uses. */
export async function freePort(): Promise<number> {
  const socket = createSocket('udp4').bind(0);
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}
