/**
 * Which calls of a device came before: the same id within seconds, since its acknowledgement was lost, or the very
 * same packet within minutes, since somebody has recorded it and sends it again.
 */

const ID_REMEMBERED_MS = 5_000;
const PACKET_REMEMBERED_MS = 10 * 60_000;
/** More are no device, but a flood. */
const MOST_REMEMBERED = 1_000;

export class Repeats {
  private readonly ids = new Recent(ID_REMEMBERED_MS);
  private readonly packets = new Recent(PACKET_REMEMBERED_MS);

  /** True if this call came before; from now on it has. `checksum` is that of its packet. */
  isRepeat(id: number, checksum: Buffer): boolean {
    return this.packets.isKnown(checksum.toString('hex')) || this.ids.isKnown(String(id));
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
