/**
 * What an upgrade sends to the cloud, for one module of a device:
 *
 *   /ota/device/inform/${productKey}/${deviceName}     {"id":"1","params":{"version":"1.0.0","module":"MCU"}}
 *   SYS/thing/ota/firmware/get                         {"id":…,"params":{"module":"MCU"},…}: is there a firmware?
 *   /ota/device/request/${productKey}/${deviceName}    as inform: the old way to ask, answered by a notice
 *   /ota/device/progress/${productKey}/${deviceName}   {"id":"1","params":{"step":"20","desc":"…","module":"MCU"}}
 *
 * `SYS` is `/sys/${productKey}/${deviceName}`. The module `default` is not named. `step` is text. On `/ota/` nothing is
 * answered, so the id need not differ.
 * Source: Alibaba Cloud IoT Platform, "OTA update" (device side), topics and formats.
 */
import { MialinkError } from '../../errors';
import type { CloudChannel } from '../channel';
import { type OtaTopic, otaTopic, requestTopic } from '../topics';
import { DEFAULT_MODULE } from './notice';

/** What an upgrade needs of a device. */
export type OtaChannel = Pick<
  CloudChannel,
  'label' | 'identity' | 'subscribeTo' | 'publish' | 'request' | 'onConnect'
>;

const GET_FIRMWARE = 'thing.ota.firmware.get';

/** The documented refusals of that: too many requests, no such device, out of order. */
const REFUSALS: readonly (number | string)[] = [429, 9112, 500];

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

  /**
   * Asks for the firmware: the `data` of the reply. Rejects as `AliyunDevice.request` does. The topic says which device,
   * since a sub-device speaks over the connection of its gateway.
   */
  async getFirmware(): Promise<unknown> {
    const topic = requestTopic(this.channel.identity, GET_FIRMWARE);
    const options = { operation: 'firmware', topic };
    const { data } = await this.channel.request(GET_FIRMWARE, this.named({}), options);
    return data;
  }

  /** The same, or undefined where the cloud knows only the old way: then what there is comes as a notice. */
  async askForFirmware(version: string): Promise<unknown> {
    try {
      return await this.getFirmware();
    } catch (error) {
      if (!isUnknownThere(error)) throw error;
      await this.publish('request', { version });
      return undefined;
    }
  }

  progress(step: number, desc: string): Promise<void> {
    return this.publish('progress', { step: String(step), desc });
  }

  private async publish(kind: OtaTopic, params: Record<string, string>): Promise<void> {
    const payload = { id: '1', params: this.named(params) };
    await this.channel.publish(otaTopic(this.channel.identity, kind), payload);
  }

  private named(params: Record<string, string>): Record<string, string> {
    return this.module === DEFAULT_MODULE ? params : { ...params, module: this.module };
  }
}

/** A platform without this request answers nothing, or with a code of its own. */
function isUnknownThere(error: unknown): boolean {
  if (!(error instanceof MialinkError)) return false;
  return error.reason === 'noReply' || (error.peer !== undefined && !REFUSALS.includes(error.peer.code));
}
