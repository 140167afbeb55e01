/**
 * The packets of MQTT that are made here, each one piece of bytes (pure). mqtt.js hands the socket five pieces for a
 * PUBLISH, and three more for every topic of a SUBSCRIBE, which takes as long, and as much memory, as all else that is
 * done for them.
 *
 *   PUBLISH    30 | remaining length | topic length: 2 bytes | topic | 00: no properties, in MQTT 5 only | payload
 *   SUBSCRIBE  82 | remaining length | message id: 2 bytes | 00: no properties, in MQTT 5 only
 *                 | for each filter: its length: 2 bytes | filter | 01: QoS
 *
 * The remaining length has 7 bits a byte, the lowest first, +80 if more follow.
 * Source: MQTT 3.1.1 and MQTT 5, "PUBLISH", "SUBSCRIBE".
 */
const PUBLISH = 0x30;
const SUBSCRIBE = 0x82;
const MQTT_5 = 5;
const QOS_1 = 1;

/** As `MqttClient.options.protocolVersion`; without one it is 4, which is 3.1.1. */
type Version = number | undefined;

/** With QoS 0. */
export function publishPacket(topic: string, body: string | Buffer, version: Version): Buffer {
  const left = 2 + Buffer.byteLength(topic) + propertyBytes(version) + Buffer.byteLength(body);
  const { packet, start } = allocate(PUBLISH, left);
  let at = writeText(packet, topic, start);
  at = writeNoProperties(packet, version, at);
  if (typeof body === 'string') packet.write(body, at);
  else body.copy(packet, at);
  return packet;
}

/** With QoS 1. */
export function subscribePacket(id: number, filters: readonly string[], version: Version): Buffer {
  let left = 2 + propertyBytes(version);
  for (const filter of filters) left += 2 + Buffer.byteLength(filter) + 1;
  const { packet, start } = allocate(SUBSCRIBE, left);
  let at = packet.writeUInt16BE(id, start);
  at = writeNoProperties(packet, version, at);
  for (const filter of filters) {
    at = writeText(packet, filter, at);
    at = packet.writeUInt8(QOS_1, at);
  }
  return packet;
}

/** A packet of this type with its length, and where its content starts. */
function allocate(type: number, left: number): { packet: Buffer; start: number } {
  const packet = Buffer.allocUnsafe(1 + sizeOfLength(left) + left);
  let at = packet.writeUInt8(type);
  let rest = left;
  for (; rest >= 0x80; rest >>>= 7) at = packet.writeUInt8((rest & 0x7f) | 0x80, at);
  return { packet, start: packet.writeUInt8(rest, at) };
}

/** How many bytes the remaining length takes. */
function sizeOfLength(length: number): number {
  if (length < 0x80) return 1;
  if (length < 0x40_00) return 2;
  return length < 0x20_00_00 ? 3 : 4;
}

function propertyBytes(version: Version): number {
  return version === MQTT_5 ? 1 : 0;
}

function writeNoProperties(packet: Buffer, version: Version, at: number): number {
  return version === MQTT_5 ? packet.writeUInt8(0, at) : at;
}

/** Its length, then itself. */
function writeText(packet: Buffer, text: string, at: number): number {
  const start = at + 2;
  const bytes = packet.write(text, start);
  packet.writeUInt16BE(bytes, at);
  return start + bytes;
}
