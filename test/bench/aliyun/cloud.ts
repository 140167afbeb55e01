/**
 * The cloud, in a process of its own, on plain TCP: it takes every sign-in, grants every subscription and answers every
 * message at once, on the connection on which it came. It does no more than it must, so that it is the clients that are
 * measured: a broker that routes by topics takes more CPU for a message than the clients, and all of them would look
 * the same. What it takes itself is told.
 *
 *   node cloud.js <network>     prints `ready`, and what it has Seen when its input has ended
 *
 * The packets are those of MQTT 3.1.1; the reply is that of the platform.
 */
import { createServer, type Socket } from 'node:net';
import { hostOf, PORT, type Seen } from './place';

const CONNACK = Buffer.from([0x20, 2, 0, 0]);
const PINGRESP = Buffer.from([0xd0, 0]);
const [CONNECT, PUBLISH, SUBSCRIBE, UNSUBSCRIBE, PINGREQ, DISCONNECT] = [1, 3, 8, 10, 12, 14];

let posts = 0;
let outOfOrder = 0;
let lastCounter = -1;
let cpuBefore: NodeJS.CpuUsage | undefined;
let cloudCpu = 0;

class Connection {
  private unread: Buffer = Buffer.alloc(0);

  constructor(private readonly socket: Socket) {
    socket.on('data', (bytes) => this.read(bytes));
    socket.on('error', () => socket.destroy());
  }

  private read(bytes: Buffer): void {
    cpuBefore ??= process.cpuUsage();
    const all = this.unread.length > 0 ? Buffer.concat([this.unread, bytes]) : bytes;
    const answers: Buffer[] = [];
    let start = 0;
    for (let packet = packetAt(all, 0); packet; packet = packetAt(all, start)) {
      const answer = this.answerTo(all[start] ?? 0, packet.body);
      if (answer) answers.push(answer);
      start = packet.end;
    }
    this.unread = all.subarray(start);
    if (answers.length > 0) this.socket.write(Buffer.concat(answers));
    const { user, system } = process.cpuUsage(cpuBefore);
    cloudCpu = user + system;
  }

  private answerTo(firstByte: number, body: Buffer): Buffer | undefined {
    switch (firstByte >> 4) {
      case CONNECT:
        return CONNACK;
      case PUBLISH:
        return replyTo(body, (firstByte >> 1) & 3);
      case SUBSCRIBE:
        return suback(body);
      case UNSUBSCRIBE:
        return Buffer.from([0xb0, 2, ...body.subarray(0, 2)]);
      case PINGREQ:
        return PINGRESP;
      case DISCONNECT:
        this.socket.end();
    }
    return undefined;
  }
}

/** The packet that begins at `start`; undefined if it is not there as a whole. */
function packetAt(bytes: Buffer, start: number): { body: Buffer; end: number } | undefined {
  let length = 0;
  for (let index = start + 1, shift = 0; index < bytes.length; index++, shift += 7) {
    const byte = bytes[index] ?? 0;
    length += (byte & 0x7f) << shift;
    if (byte & 0x80) continue;
    const end = index + 1 + length;
    return end <= bytes.length ? { body: bytes.subarray(index + 1, end), end } : undefined;
  }
  return undefined;
}

/** The reply to a post, behind the acknowledgement of QoS 1. */
function replyTo(body: Buffer, qos: number): Buffer {
  const topicEnd = 2 + body.readUInt16BE(0);
  const topic = body.toString('latin1', 2, topicEnd);
  const payload = body.toString('utf8', topicEnd + (qos > 0 ? 2 : 0));
  const id = /"id":"([^"]*)"/.exec(payload)?.[1] ?? '';
  if (topic.endsWith('/post')) count(payload);
  const reply = publish(
    `${topic}_reply`,
    `{"code":200,"data":{},"id":"${id}","message":"success","method":"thing.event.property.post","version":"1.0"}`,
  );
  if (qos === 0) return reply;
  return Buffer.concat([Buffer.from([0x40, 2]), body.subarray(topicEnd, topicEnd + 2), reply]);
}

/** What was kept in an outbox has a time. */
function count(payload: string): void {
  const counter = Number(/"Counter":(?:\{"value":)?(\d+)/.exec(payload)?.[1]);
  posts++;
  if (counter !== lastCounter + 1) outOfOrder++;
  lastCounter = counter;
}

function publish(topic: string, payload: string): Buffer {
  const bytes = 2 + topic.length + payload.length;
  const size = bytes < 128 ? [bytes] : [(bytes & 0x7f) | 0x80, bytes >> 7];
  const packet = Buffer.allocUnsafe(1 + size.length + bytes);
  packet.set([0x30, ...size, topic.length >> 8, topic.length & 0xff]);
  packet.write(topic + payload, 3 + size.length, 'latin1');
  return packet;
}

/** QoS 0 is granted for each filter. */
function suback(body: Buffer): Buffer {
  let filters = 0;
  for (let at = 2; at < body.length; at += 3 + body.readUInt16BE(at)) filters++;
  return Buffer.from([0x90, 2 + filters, ...body.subarray(0, 2), ...new Uint8Array(filters)]);
}

function main(network: number): void {
  const server = createServer({ noDelay: true }, (socket) => {
    new Connection(socket);
  });
  server.listen(PORT, hostOf(network), () => process.stdout.write('ready\n'));
  process.stdin.resume().on('end', () => {
    const seen: Seen = { posts, outOfOrder, cloudCpu };
    process.stdout.write(JSON.stringify(seen), () => process.exit());
  });
}

main(Number(process.argv[2]));
