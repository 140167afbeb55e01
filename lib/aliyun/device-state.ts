/**
 * The state of a device: that of its connection, unless the cloud has switched it off.
 *
 *   (connection's) ──thing.disable──> disabled ──thing.enable, or a sign-in that succeeds──> (connection's)
 *                  ──thing.delete───> deleted ───────────────── a sign-in that succeeds──> (connection's)
 *
 * After `disable` and `delete` the cloud closes the connection and refuses the next sign-in.
 * Source: Alibaba Cloud IoT Platform, "Disable and delete devices".
 */
import { MialinkError } from '../errors';
import type { CloudChannel } from './channel';
import type { ConnectionState } from './connection';

export type DeviceState = ConnectionState | 'disabled' | 'deleted';

type Switch = 'on' | 'disabled' | 'deleted';

export class CloudSwitch {
  private position: Switch = 'on';

  constructor(
    private readonly label: string,
    private readonly changed: () => void,
  ) {}

  /** Answers `thing.disable`, `thing.enable` and `thing.delete`, which it obeys. */
  serve(channel: Pick<CloudChannel, 'serve'>): void {
    channel.serve('thing.disable', () => this.turn('disabled'));
    channel.serve('thing.enable', () => this.turn('on'));
    channel.serve('thing.delete', () => this.turn('deleted'));
  }

  /** The state of the device whose connection is in `state`. */
  over(state: ConnectionState): DeviceState {
    return this.position === 'on' || state === 'closed' ? state : this.position;
  }

  /** Why nothing may be sent; undefined while it may. */
  get problem(): MialinkError | undefined {
    if (this.position === 'on') return undefined;
    const reason = this.position === 'disabled' ? 'deviceDisabled' : 'deviceDeleted';
    return new MialinkError(reason, { device: this.label });
  }

  /** The cloud has let it in, so it is there and enabled. */
  signedIn(): void {
    this.position = 'on';
  }

  private turn(position: Switch): undefined {
    if (this.position === position) return;
    this.position = position;
    this.changed();
  }
}
