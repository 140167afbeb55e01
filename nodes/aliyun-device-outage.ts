/**
 * Tells in words why a device is not connected: a flow that only listens hears of it nowhere else. Each reason once,
 * until the device is connected again:
 *
 *   refused, disabled, deleted   at once
 *   disconnected                 when a try has failed; a connection that was lost may be back with the next one
 *
 * That another client has taken the session is told by the library.
 */
import type { DeviceState } from '../lib/aliyun';
import type { MialinkError, Reason } from '../lib/errors';

const ENDED: readonly DeviceState[] = ['refused', 'disabled', 'deleted', 'disconnected'];
const NOT_TOLD: readonly Reason[] = ['connectionLost', 'sessionTaken'];

export class Outage {
  private readonly told = new Set<Reason>();

  constructor(private readonly warn: (problem: MialinkError) => void) {}

  /** The new state of the device, and why it is not connected. */
  follow(state: DeviceState, problem: MialinkError | undefined): void {
    if (state === 'connected') this.told.clear();
    if (!problem || !ENDED.includes(state) || NOT_TOLD.includes(problem.reason)) return;
    if (this.told.has(problem.reason)) return;
    this.told.add(problem.reason);
    this.warn(problem);
  }
}
