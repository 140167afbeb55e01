/**
 * A cloud that gives a firmware of 16 MB over MQTT, in a process of its own, on plain TCP: it takes every sign-in, grants
 * every subscription, answers each request for a block at once, and offers the next version for each that is informed.
 * It does no more than it must, so that it is the clients that are measured.
 *
 *   node stream-cloud.js <network>     prints `ready`, and ends with its input
 */
import { createHash } from 'node:crypto';
import { createServer, type Socket } from 'node:net';
import { generate, type Packet, parser } from 'mqtt-packet';
import { blockOfNoise, hostOf, MB } from './place';
import { STREAM_MB, STREAM_PORT } from './stream-place';

const FILE = Buffer.concat(Array<Buffer>(STREAM_MB).fill(blockOfNoise()));
const MD5 = createHash('md5').update(FILE).digest('hex');
/** Of the blocks that were asked for, by offset and size: computed once. */
const checksums = new Map<string, Buffer>();

type Publish = Extract<Packet, { cmd: 'publish' }>;

function answer(socket: Socket, packet: Packet): void {
  const messageId = packet.messageId ?? 0;
  if (packet.cmd === 'connect') send(socket, { cmd: 'connack', returnCode: 0, sessionPresent: false });
  if (packet.cmd === 'pingreq') send(socket, { cmd: 'pingresp' });
  if (packet.cmd === 'unsubscribe') send(socket, { cmd: 'unsuback', messageId, granted: [] });
  if (packet.cmd === 'disconnect') socket.end();
  if (packet.cmd === 'subscribe') {
    send(socket, { cmd: 'suback', messageId, granted: packet.subscriptions.map(() => 0) });
  }
  if (packet.cmd === 'publish') {
    if (packet.qos === 1) send(socket, { cmd: 'puback', messageId });
    take(socket, packet);
  }
}

function take(socket: Socket, { topic, payload }: Publish): void {
  if (topic.endsWith('/thing/file/download')) publish(socket, `${topic}_reply`, block(payload.toString()));
  if (topic.startsWith('/ota/device/inform/')) {
    const { version } = JSON.parse(payload.toString()).params;
    publish(socket, topic.replace('inform', 'upgrade'), notice(Number(version) + 1));
  }
}

function notice(version: number): string {
  const from = { dProtocol: 'mqtt', streamId: 1, streamFileId: 1 };
  const data = {
    version: String(version),
    size: FILE.length,
    signMethod: 'Md5',
    sign: MD5,
    md5: MD5,
    ...from,
  };
  return JSON.stringify({ code: '1000', id: 1, message: 'success', data });
}

function block(request: string): Buffer {
  const { id, params } = JSON.parse(request);
  const { size, offset } = params.fileBlock;
  const bytes = FILE.subarray(offset, offset + size);
  const data = { bSize: bytes.length, bOffset: offset, fileLength: FILE.length };
  const head = Buffer.from(JSON.stringify({ id, code: 200, data }));
  const key = `${offset} ${size}`;
  const checksum = checksums.get(key) ?? checksumOf(bytes);
  checksums.set(key, checksum);
  return Buffer.concat([Buffer.from([head.length >> 8, head.length & 0xff]), head, bytes, checksum]);
}

/** CRC-16/ARC, little-endian. */
function checksumOf(bytes: Buffer): Buffer {
  let crc = 0;
  for (let at = 0; at < bytes.length; at++) {
    crc ^= bytes[at] ?? 0;
    for (let bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (crc & 1 ? 0xa001 : 0);
  }
  return Buffer.from([crc & 0xff, crc >> 8]);
}

function publish(socket: Socket, topic: string, payload: string | Buffer): void {
  send(socket, { cmd: 'publish', topic, payload, qos: 0, dup: false, retain: false });
}

function send(socket: Socket, packet: Packet): void {
  socket.write(generate(packet));
}

function main(network: number): void {
  // Before the first request, or it would be measured.
  for (let offset = 0; offset < STREAM_MB * MB; offset += 131_072) {
    block(JSON.stringify({ id: '', params: { fileBlock: { size: 131_072, offset } } }));
  }
  const server = createServer({ noDelay: true }, (socket) => {
    const packets = parser();
    packets.on('packet', (packet) => answer(socket, packet));
    packets.on('error', () => socket.destroy());
    socket.on('data', (bytes) => packets.parse(bytes));
    socket.on('error', () => socket.destroy());
  });
  server.listen(STREAM_PORT, hostOf(network), () => console.log('ready'));
  process.stdin.on('end', () => process.exit()).resume();
}

main(Number(process.argv[2]));
