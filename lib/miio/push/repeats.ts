/**
 * Which calls of a device came before: the same id within seconds, since its acknowledgement was lost, or the very
 * same packet, whenever, since somebody has recorded it and sends it again. Only the last packets are remembered: an
 * older one is known by its stamp.
 */

const ID_REMEMBERED_MS = 5_000;
/** More ids are no device, but a flood. */
const MOST_REMEMBERED = 1_000;
/** For so long a device may repeat a call that nobody acknowledges, while newer ones get through. */
const LATE_S = 10;

export class Repeats {
  private readonly ids = new Recent(ID_REMEMBERED_MS);
  private readonly packets = new Recent(Number.POSITIVE_INFINITY);

  /** True if this call came before; from now on it has. `checksum` is that of its packet. */
  isRepeat(id: number, checksum: Buffer): boolean {
    return this.packets.isKnown(checksum.toString('hex')) || this.ids.isKnown(String(id));
  }
}

/** The stamps of the calls of one device, whosever clock they tell: they rise or stand still. */
export class Stamps {
  private newest: number | undefined;

  /** True if a newer call came before this one; from now on this one has come. */
  isStale(stamp: number): boolean {
    // The difference as a signed 32 bit number stays right when the clock wraps.
    const behindS = ((this.newest ?? stamp) - stamp) | 0;
    if (behindS <= 0) this.newest = stamp;
    return behindS > LATE_S;
  }

  /** The clock may have been set back. */
  forget(): void {
    this.newest = undefined;
  }
}

/** Keys, the oldest first, and when they came (`performance.now()`). */
class Recent {
  private readonly times = new Map<string, number>();

  constructor(private readonly rememberedMs: number) {}

  /** True if the key is remembered; otherwise it is from now on. */
  isKnown(key: string): boolean {
    const now = performance.now();
    for (const [oldest, time] of this.times) {
      if (now - time < this.rememberedMs && this.times.size < MOST_REMEMBERED) break;
      this.times.delete(oldest);
    }
    if (this.times.has(key)) return true;
    this.times.set(key, now);
    return false;
  }
}
