/**
 * The models of found devices, which hello does not tell: as mDNS or miIO.info told them, in this search or in one
 * before. Remembered by device id, for as long as its owner keeps it.
 */
import type { FoundDevice } from './discovery';

/**
 * The answer to miIO.info of a device whose token is known; undefined where it is not. A token goes to nobody but
 * the device that disclosed it, or that it was entered for.
 */
export type AskInfo = (device: FoundDevice) => Promise<{ model?: unknown } | undefined>;

/** The longest model in use has 30 letters. */
const MODEL = /^[\w.-]{1,64}$/;
/** More are no home: the oldest are forgotten. */
const MOST_MODELS = 4_096;

/** The models of one network. */
export class KnownModels {
  private readonly models = new Map<string, string>();
  private readonly asked = new Set<string>();

  constructor(private readonly askInfo: AskInfo) {}

  /** Asks a device that was just found for its model, unless it is known; the search goes on meanwhile. */
  ask(device: FoundDevice): void {
    const { deviceId, model } = device;
    if (model !== undefined || this.models.has(deviceId) || this.asked.has(deviceId)) return;
    this.asked.add(deviceId);
    void this.learnFrom(device);
  }

  /** The devices at the end of a search, with the models known by now. */
  complete(devices: FoundDevice[]): FoundDevice[] {
    for (const { deviceId, model } of devices) this.remember(deviceId, model);
    return devices.map((device) => {
      const model = this.models.get(device.deviceId);
      return model === undefined ? device : { ...device, model };
    });
  }

  private async learnFrom(device: FoundDevice): Promise<void> {
    try {
      const info = await this.askInfo(device);
      this.remember(device.deviceId, info?.model);
    } catch {
      // a search finds a device without its model, too
    } finally {
      this.asked.delete(device.deviceId);
    }
  }

  private remember(deviceId: string, model: unknown): void {
    if (typeof model !== 'string' || !MODEL.test(model)) return;
    this.models.delete(deviceId);
    this.models.set(deviceId, model);
    const [oldest] = this.models.keys();
    if (this.models.size > MOST_MODELS && oldest !== undefined) this.models.delete(oldest);
  }
}
