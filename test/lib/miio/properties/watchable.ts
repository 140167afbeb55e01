/** A device to be watched: a fake one behind real property access, with reports at the hand of the test. */
import { EventEmitter } from 'node:events';
import {
  type Property,
  PropertyAccess,
  PropertyWatch,
  type Watchable,
  type WatchOptions,
} from '../../../../lib/miio/properties';
import type { PropertyReport, SubscriptionState } from '../../../../lib/miio/push';
import type { SessionState } from '../../../../lib/miio/session';
import { FakeDevice, properties } from './fake-device';

export const INTERVAL_MS = 30_000;

/** What the device reports: nothing, until a test says so. */
export class FakeReports extends EventEmitter<{
  state: [SubscriptionState];
  properties: [PropertyReport[]];
}> {
  state: SubscriptionState = 'probing';

  become(state: SubscriptionState): void {
    this.state = state;
    this.emit('state', state);
  }

  tell(...reports: PropertyReport[]): void {
    this.emit('properties', reports);
  }
}

export class WatchableDevice extends EventEmitter<{ state: [SessionState] }> implements Watchable {
  readonly fake = new FakeDevice().withMiot(3);
  readonly label = this.fake.label;
  readonly properties = new PropertyAccess(this.fake, 10_000);
  readonly reports: FakeReports[] = [];
  /** Whether it is greeted. */
  greeted = false;

  watch(): void {
    this.greeted = true;
  }

  subscribe(): FakeReports {
    const reports = new FakeReports();
    this.reports.push(reports);
    return reports;
  }

  /** How many requests it was sent. */
  get requests(): number {
    return this.fake.sent.length;
  }
}

/** A watch, and what it has told: `report` as its values, or as `{values, errors}` where there are errors. */
export class Watcher {
  readonly told: unknown[] = [];
  readonly watch: PropertyWatch;

  constructor(device: Watchable, watched: Property[] = properties(3), options: WatchOptions = {}) {
    this.watch = new PropertyWatch(device, watched, { intervalMs: INTERVAL_MS, ...options });
    this.watch.on('report', ({ values, errors }) =>
      this.told.push(Object.keys(errors).length > 0 ? { values, errors } : values),
    );
    this.watch.on('away', (error) => this.told.push(`away: ${error.message}`));
    this.watch.on('back', () => this.told.push('back'));
  }

  /** What it has told since the last time. */
  news(): unknown[] {
    return this.told.splice(0);
  }
}
