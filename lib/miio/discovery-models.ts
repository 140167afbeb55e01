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

/** Questions under way at a time, and those that may wait for their turn. */
const MOST_UNDER_WAY = 16;
const MOST_WAITING = 256;
/** More devices are no home, and more behind one address no devices, but a liar who gives himself thousands of ids. */
const MOST_IN_A_SEARCH = 256;
const MOST_AT_AN_ADDRESS = 4;

/** What one search has asked so far. */
export class Questions {
  private total = 0;
  private readonly byAddress = new Map<string, number>();

  /** True if one more may be asked at this address; it is counted then. */
  take(address: string): boolean {
    const asked = this.byAddress.get(address) ?? 0;
    if (this.total >= MOST_IN_A_SEARCH || asked >= MOST_AT_AN_ADDRESS) return false;
    this.total++;
    this.byAddress.set(address, asked + 1);
    return true;
  }
}

/** The models of one network. */
export class KnownModels {
  private readonly models = new Map<string, string>();
  /** The ids of those whose question is under way or waits. */
  private readonly asked = new Set<string>();
  private readonly waiting: FoundDevice[] = [];
  private underWay = 0;

  constructor(private readonly askInfo: AskInfo) {}

  /**
   * Asks a device that was just found for its model, unless it is known or its search has asked enough; the search
   * goes on meanwhile.
   */
  ask(device: FoundDevice, questions: Questions): void {
    const { deviceId, address, model } = device;
    if (model !== undefined || this.models.has(deviceId) || this.asked.has(deviceId)) return;
    if (this.waiting.length >= MOST_WAITING || !questions.take(address)) return;
    this.asked.add(deviceId);
    this.waiting.push(device);
    this.next();
  }

  /** The devices at the end of a search, with the models known by now. */
  complete(devices: FoundDevice[]): FoundDevice[] {
    for (const { deviceId, model } of devices) this.remember(deviceId, model);
    return devices.map((device) => {
      const model = this.models.get(device.deviceId);
      return model === undefined ? device : { ...device, model };
    });
  }

  private next(): void {
    if (this.underWay >= MOST_UNDER_WAY) return;
    const device = this.waiting.shift();
    if (device) void this.learnFrom(device);
  }

  private async learnFrom(device: FoundDevice): Promise<void> {
    this.underWay++;
    try {
      const info = await this.askInfo(device);
      this.remember(device.deviceId, info?.model);
    } catch {
      // a search finds a device without its model, too
    } finally {
      this.asked.delete(device.deviceId);
      this.underWay--;
      this.next();
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
