/** What a simulated device is when it leaves the factory. */
import type { GatewayOptions } from './gateway';
import type { McuLimits } from './limits';
import type { OtaOptions } from './ota';
import type { ProvisioningOptions } from './provisioning';
import type { SubscriptionOptions } from './subscription';

export interface SimulatedDeviceOptions extends McuLimits {
  /** Device id, decimal, up to 64 bit. */
  did: string;
  /** 32 hex digits. */
  token: string;
  /** Such as 'yeelink.light.lamp1'. */
  model: string;
  /** Address the socket is bound to. Default '127.0.0.1'. */
  address?: string;
  /** Default 54321. 0: any free port, kept over stop and start. */
  port?: number;
  /** What the answer to a hello shows in place of the token. Default 'ff', which is hidden, as is 'zeros'. */
  helloToken?: 'disclosed' | 'zeros' | 'ff';
  /** The device's clock when it starts, in seconds; it runs with real time. Default 1000. */
  stamp?: number;
  /** Told by miIO.info as fw_ver. Default '1.0.0'. */
  firmware?: string;
  /** Classic properties by name: get_prop, set_<name> [value], and toggle when there is a `power` ('on' | 'off'). */
  properties?: Record<string, unknown>;
  /** MIoT properties by 'siid.piid': get_properties, set_properties. */
  miot?: Record<string, unknown>;
  /** Properties that commands cannot write: no set_<name>, or code -4002. */
  readOnly?: readonly string[];
  /** Which values a command may write. Others are refused: error -5001, or code -4005. Default: any. */
  accepts?: Record<string, (value: unknown) => boolean>;
  /** MIoT actions by 'siid.aiid'. Get `in` and give `out` as they travel: [{piid, value}, ...]. */
  actions?: Record<string, (input: unknown[]) => unknown[]>;
  /** Offers the local MIoT subscription: answers MDID probes with MSUB, knows miIO.sub and miIO.unsub. */
  subscription?: SubscriptionOptions;
  /** Stores scenes and calls their targets: send_data_frame, miIO.xdel. */
  gateway?: GatewayOptions;
  /** Waits for its Wi-Fi network: miIO.config_router. */
  provisioning?: ProvisioningOptions;
  /** Refuses miIO.restore, as newer firmware does. Default false. */
  restoreRefused?: boolean;
  /** Takes firmware over http: miIO.ota, miIO.get_ota_state, miIO.get_ota_progress. */
  ota?: OtaOptions;
  /**
   * More methods, or other ones in place of the built in. The result is what is returned (undefined: an answer
   * without result); a thrown {code, message} is the device's error.
   */
  methods?: Record<string, (params: unknown) => unknown>;
}
