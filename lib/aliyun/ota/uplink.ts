/**
 * What an upgrade sends to the cloud, for one module of a device:
 *
 *   /ota/device/inform/${productKey}/${deviceName}     {"id":"1","params":{"version":"1.0.0","module":"MCU"}}
 *   /ota/device/request/${productKey}/${deviceName}    the same
 *   /ota/device/progress/${productKey}/${deviceName}   {"id":"1","params":{"step":"20","desc":"…","module":"MCU"}}
 *
 * The module `default` is not named. `step` is text. Nothing is answered, so the id need not differ.
 * Source: Alibaba Cloud IoT Platform, "OTA update" (device side), topics and formats.
 */
import { type OtaTopic, otaTopic } from '../topics';
import { DEFAULT_MODULE } from './notice';

/** What an upgrade needs of a device. */
export interface OtaChannel {
  /** For error texts. */
  readonly label: string;
  readonly identity: { productKey: string; deviceName: string };
  /** Returns how to unsubscribe. */
  subscribeTo(topic: string, handler: (payload: Buffer, topic: string) => void): () => void;
  /** Waits for the connection; may reject. */
  publish(topic: string, payload: object): Promise<void>;
  /** At each connect. Returns how to stop that. */
  onConnect(handler: () => void): () => void;
}

export class OtaUplink {
  constructor(
    private readonly channel: OtaChannel,
    private readonly module: string,
  ) {}

  /** Where the notices arrive. */
  get noticeTopic(): string {
    return otaTopic(this.channel.identity, 'upgrade');
  }

  inform(version: string): Promise<void> {
    return this.publish('inform', { version });
  }

  request(version: string): Promise<void> {
    return this.publish('request', { version });
  }

  progress(step: number, desc: string): Promise<void> {
    return this.publish('progress', { step: String(step), desc });
  }

  private async publish(kind: OtaTopic, params: Record<string, string>): Promise<void> {
    const named = this.module === DEFAULT_MODULE ? params : { ...params, module: this.module };
    await this.channel.publish(otaTopic(this.channel.identity, kind), { id: '1', params: named });
  }
}
