/**
 * PUBLISH with QoS 0 on the short way: one piece of bytes, and where many are under way, all of one turn of the event
 * loop in one write. mqtt.js hands the socket five pieces for each, which takes as long as all else that is done for a
 * post. Needs no answer, so there is nothing that mqtt.js would have to know of; it writes to the same stream, in the
 * order of the calls.
 *
 *   30 | remaining length: 7 bits a byte, lowest first, +80 if more follow | topic length: 2 bytes | topic
 *      | 00: no properties, in MQTT 5 only | payload
 *
 * Source: MQTT 3.1.1 and MQTT 5, "PUBLISH".
 */
import type { MqttClient } from 'mqtt';

const PUBLISH = 0x30;
const MQTT_5 = 5;

export interface QuickMessage {
  topic: string;
  body: string | Buffer;
  /** True: written with those that follow in this turn. For one alone that would take longer than to make the packet. */
  isOneOfMany: boolean;
}

export function quickPublish(
  { stream, options }: Pick<MqttClient, 'stream' | 'options'>,
  { topic, body, isOneOfMany }: QuickMessage,
): void {
  if (isOneOfMany && stream.writableCorked === 0) {
    stream.cork();
    setImmediate(() => stream.uncork());
  }
  stream.write(publishPacket(topic, body, options.protocolVersion === MQTT_5));
}

export function publishPacket(topic: string, body: string | Buffer, withProperties: boolean): Buffer {
  const topicBytes = Buffer.byteLength(topic);
  let left = 2 + topicBytes + (withProperties ? 1 : 0) + Buffer.byteLength(body);
  const packet = Buffer.allocUnsafe(1 + sizeOfLength(left) + left);
  let at = packet.writeUInt8(PUBLISH);
  for (; left >= 0x80; left >>>= 7) at = packet.writeUInt8((left & 0x7f) | 0x80, at);
  at = packet.writeUInt8(left, at);
  at = packet.writeUInt16BE(topicBytes, at);
  at += packet.write(topic, at);
  if (withProperties) at = packet.writeUInt8(0, at);
  if (typeof body === 'string') packet.write(body, at);
  else body.copy(packet, at);
  return packet;
}

/** How many bytes the remaining length takes. */
function sizeOfLength(length: number): number {
  if (length < 0x80) return 1;
  if (length < 0x40_00) return 2;
  return length < 0x20_00_00 ? 3 : 4;
}
