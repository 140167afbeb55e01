/**
 * PUBLISH with QoS 0 on the short way: where many are under way, all of one turn of the event loop in one write. Needs
 * no answer, so there is nothing that mqtt.js would have to know of; it writes to the same stream, in the order of the
 * calls.
 */
import type { MqttClient } from 'mqtt';
import { publishPacket } from './packets';

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
  stream.write(publishPacket(topic, body, options.protocolVersion));
}
