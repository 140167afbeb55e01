/**
 * Messages with QoS 1, each until the broker acknowledges it.
 *
 *   published ──PUBACK─────────────────────────> resolved
 *             ──PUBACK, code 0x80 or above─────> cloudRefused (MQTT 5 only; before, a refusal is silent)
 *             ──its time is over───────────────> noReply, and mqtt.js forgets it: nothing is sent twice
 *             ──the connection is over─────────> what `rejectAll` says
 *
 * Source: MQTT 3.1.1 and 5, "PUBACK".
 */
import { ErrorWithReasonCode, type MqttClient } from 'mqtt';
import { MialinkError } from '../errors';
import { Pending } from '../pending';
import type { UplinkMessage } from './uplink';

const QOS_1 = { qos: 1 } as const;

export class Acknowledgements {
  private readonly pending = new Pending<number, void>();
  private lastKey = 0;

  /** `label` names the device in texts. `probe` is called after each that did not come in time. */
  constructor(
    private readonly label: string,
    private readonly probe: () => void,
  ) {}

  /** Publishes with QoS 1; resolves and rejects as above. */
  publish(client: MqttClient, message: UplinkMessage, timeoutMs: number): Promise<void> {
    const { topic, body, operation } = message;
    this.lastKey += 1;
    const key = this.lastKey;
    const acknowledged = this.pending.wait(key, timeoutMs, () => {
      client.removeOutgoingMessage(messageId);
      this.probe();
      return new MialinkError('noReply', { device: this.label, operation, timeoutMs });
    });
    client.publish(topic, body, QOS_1, (error) => {
      if (!error) this.pending.resolve(key, undefined);
      else if (error instanceof ErrorWithReasonCode) this.pending.reject(key, this.refusal(error, operation));
      // Any other is the connection's end, which rejects all at once, or our own removal.
    });
    const messageId = client.getLastMessageId();
    return acknowledged;
  }

  rejectAll(problem: MialinkError): void {
    this.pending.rejectAll(problem);
  }

  private refusal({ code, message }: ErrorWithReasonCode, operation: string): MialinkError {
    const peer = { code, message };
    return new MialinkError('cloudRefused', { device: this.label, operation, ...peer }, { peer });
  }
}
