/** What a simulated device tells of itself. */
import type { Peer } from './link';
import type { OtaState } from './ota';
import type { Network } from './provisioning';
import type { Acknowledgement } from './subscription';
import type { Command } from './wire';

export interface DeviceEvents {
  /** It has come up, after a restart of its own too. */
  started: [];
  hello: [from: Peer];
  /** A valid command has come in, or come in again. */
  command: [command: Command & { from: Peer }];
  /** A command was carried out. */
  executed: [command: Command];
  /** A property has a new value. */
  change: [name: string, value: unknown];
  /** A subscriber has acknowledged a message. */
  acknowledged: [what: Acknowledgement];
  /** It was given a Wi-Fi network; its new token holds from now on. */
  provisioned: [network: Network];
  /** A firmware upgrade has come to another state. */
  ota: [state: OtaState];
  /** A datagram was dropped, on the way in or out. */
  dropped: [reason: string];
}
