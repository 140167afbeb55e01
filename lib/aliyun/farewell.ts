/** The good-bye of an MQTT client, whose peer may be silent. */
import type { MqttClient } from 'mqtt';
import { timePassed } from '../wait';

const FAREWELL_MS = 900;

/** Resolves when the socket is closed: by DISCONNECT, or by force when that takes too long or nobody is there. */
export async function sayGoodBye(client: MqttClient): Promise<void> {
  if (!client.connected) {
    client.end(true);
    return;
  }
  // mqtt.js holds DISCONNECT back until these are acknowledged, which a silent peer never does.
  for (const id of Object.keys(client.outgoing)) client.removeOutgoingMessage(Number(id));
  const gone = new Promise<void>((resolve) => {
    client.end(false, {}, () => resolve());
  });
  if (await timePassed(FAREWELL_MS, gone)) client.stream.destroy();
}
