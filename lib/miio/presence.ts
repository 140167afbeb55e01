/**
 * Who is there, from one search to the next (pure).
 *
 *   unknown ─ found ▶ there ◀─ found ─ missed once
 *      ▲                 └── not found ──▶  │
 *      └────────────── not found ───────────┘
 *
 * One search without an answer is a lost packet; the second one in a row is a device that has gone. A device is known
 * by its id: at another address it has moved.
 */
import type { FoundDevice } from './discovery';

/** What a search can tell of a device. */
export const CHANGES = ['appeared', 'moved', 'present', 'disappeared'] as const;

/** One of `CHANGES`. */
export type PresenceChange = (typeof CHANGES)[number];

/** Every device in one of the lists; who is there but did not answer this time, in none. */
export type PresenceChanges = Record<PresenceChange, FoundDevice[]>;

/** The memory of one place; a place is whatever is searched again and again. */
export class Presence {
  private readonly known = new Map<string, { device: FoundDevice; state: 'there' | 'missed' }>();

  /** Everybody who is there, as last seen. */
  get devices(): FoundDevice[] {
    return [...this.known.values()].map(({ device }) => device);
  }

  /** After a search of everything: who is not found is missed, or gone. */
  searched(found: FoundDevice[]): PresenceChanges {
    const changes = this.met(found);
    const ids = new Set(found.map(({ deviceId }) => deviceId));
    for (const [id, { device, state }] of this.known) {
      if (ids.has(id)) continue;
      if (state === 'there') {
        this.known.set(id, { device, state: 'missed' });
      } else {
        this.known.delete(id);
        changes.disappeared.push(device);
      }
    }
    return changes;
  }

  /** After a search of a part only: it says nothing about those who were not found. */
  met(found: FoundDevice[]): PresenceChanges {
    const changes: PresenceChanges = { appeared: [], moved: [], present: [], disappeared: [] };
    for (const device of found) {
      changes[this.changeOf(device)].push(device);
      this.known.set(device.deviceId, { device, state: 'there' });
    }
    return changes;
  }

  private changeOf({ deviceId, address, port }: FoundDevice): PresenceChange {
    const last = this.known.get(deviceId)?.device;
    if (!last) return 'appeared';
    return last.address === address && last.port === port ? 'present' : 'moved';
  }
}
