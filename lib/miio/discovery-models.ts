/**
 * The models of found devices, which hello does not tell: as mDNS or miIO.info told them, in this search or in one
 * before. Remembered by device id, for as long as its owner keeps it.
 */
import { MialinkError } from '../errors';
import type { FoundDevice } from './discovery';

/**
 * The answer to miIO.info of a device whose token is known; undefined where it is not. Rejects with `aborted` when the
 * device was wanted for something else. A token goes to nobody but the device that disclosed it, or that it was entered
 * for.
 */
export type AskInfo = (device: FoundDevice) => Promise<{ model?: unknown } | undefined>;

/** The longest model in use has 30 letters. */
const MODEL = /^[\w.-]{1,64}$/;
/** More are no home: the oldest are forgotten. */
const MOST_MODELS = 4_096;
/** One that does not tell its model is asked again after so long: each question keeps its users waiting. */
const ASK_AGAIN_MS = 60 * 60_000;

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
  /** The ids of those who did not tell theirs, and when that was (`performance.now()`). */
  private readonly askedInVain = new Map<string, number>();
  /** The ids of those whose question is under way or waits. */
  private readonly asked = new Set<string>();
  private readonly waiting: FoundDevice[] = [];
  private underWay = 0;

  constructor(private readonly askInfo: AskInfo) {}

  /**
   * Asks a device that was just found for its model, unless it is known, the device did not tell it within the last
   * hour, or its search has asked enough; the search goes on meanwhile.
   */
  ask(device: FoundDevice, questions: Questions): void {
    const { deviceId, address, model } = device;
    if (model !== undefined || this.models.has(deviceId) || this.asked.has(deviceId)) return;
    const askedAt = this.askedInVain.get(deviceId);
    if (askedAt !== undefined && performance.now() - askedAt < ASK_AGAIN_MS) return;
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
    const { deviceId } = device;
    this.underWay++;
    try {
      const info = await this.askInfo(device);
      if (info && !this.remember(deviceId, info.model)) this.leaveAlone(deviceId);
    } catch (error) {
      // A search finds a device without its model, too.
      if (!(error instanceof MialinkError && error.reason === 'aborted')) this.leaveAlone(deviceId);
    } finally {
      this.asked.delete(deviceId);
      this.underWay--;
      this.next();
    }
  }

  /** False if this is no model. */
  private remember(deviceId: string, model: unknown): boolean {
    if (typeof model !== 'string' || !MODEL.test(model)) return false;
    putLast(this.models, deviceId, model);
    return true;
  }

  /** Until the hour is over. */
  private leaveAlone(deviceId: string): void {
    putLast(this.askedInVain, deviceId, performance.now());
  }
}

/** Puts an entry behind the others, of which the first goes when they are too many. */
function putLast<Value>(entries: Map<string, Value>, key: string, value: Value): void {
  entries.delete(key);
  entries.set(key, value);
  const [oldest] = entries.keys();
  if (entries.size > MOST_MODELS && oldest !== undefined) entries.delete(oldest);
}
