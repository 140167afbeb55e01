/**
 * A device that waits to be given a Wi-Fi network, and gets another token with it.
 *
 *   miIO.config_router {ssid, passwd, uid, ...}  ->  ["ok"] | "ok" | 0 | no answer, then the new token holds
 *
 * Source: reference/miio.md 4.2 and 4.3. Not in the document and chosen here: what is not named there is refused, and
 * until it has a network the device says CONNECTING.
 */
import type { Board } from './firmware';
import { invalidParams, type Method, NO_ANSWER } from './methods';
import { isRecord, tokenBytes } from './wire';

const ANSWERS = { list: ['ok'], text: 'ok', number: 0, lost: NO_ANSWER };
const MAX_SSID_BYTES = 32;
const MAX_PASSWORD_BYTES = 64;
const FIELDS = new Map([
  ['ssid', 'string'],
  ['passwd', 'string'],
  ['uid', 'number'],
  ['tz', 'string'],
  ['gmt_offset', 'number'],
  ['bind_key', 'string'],
  ['config_type', 'string'],
  ['country_domain', 'string'],
  ['wifi_config', 'object'],
]);

export interface ProvisioningOptions {
  /** How success is told: `["ok"]`, `"ok"`, `0`, or not at all. */
  answer: 'list' | 'text' | 'number' | 'lost';
  /** 32 hex digits; holds once the device is provisioned. Default: the token stays. */
  newToken?: string;
}

/** What a device was given. */
export interface Network {
  ssid: string;
  passwd: string;
  uid: number;
}

export class Provisioning {
  private network: Network | undefined;
  private readonly newToken: Buffer | undefined;

  /** `changeToken` takes the new token. Throws RangeError when it is malformed. */
  constructor(
    private readonly options: ProvisioningOptions,
    private readonly board: Pick<Board, 'events'>,
    private readonly changeToken: (token: Buffer) => void,
  ) {
    this.newToken = options.newToken === undefined ? undefined : tokenBytes(options.newToken);
  }

  get methods(): [string, Method][] {
    return [
      ['miIO.config_router', (params) => this.configure(params)],
      ['miIO.wifi_assoc_state', () => wifiState(this.network !== undefined)],
    ];
  }

  /** As from the factory. */
  reset(): void {
    this.network = undefined;
  }

  private configure(params: unknown): unknown {
    this.network = readNetwork(params);
    if (this.newToken) this.changeToken(this.newToken);
    this.board.events.emit('provisioned', this.network);
    return ANSWERS[this.options.answer];
  }
}

/** The result of miIO.wifi_assoc_state. */
export function wifiState(online: boolean): object {
  return {
    state: online ? 'ONLINE' : 'CONNECTING',
    auth_fail_count: 0,
    conn_success_count: online ? 1 : 0,
    conn_fail_count: 0,
    dhcp_fail_count: 0,
  };
}

/** The params of miIO.config_router; throws when they are not as documented. */
function readNetwork(params: unknown): Network {
  if (!isRecord(params)) throw invalidParams();
  for (const [field, value] of Object.entries(params)) {
    if (FIELDS.get(field) !== typeof value || value === null) throw invalidParams();
  }
  const { ssid, passwd, uid } = params;
  if (typeof ssid !== 'string' || typeof passwd !== 'string' || typeof uid !== 'number')
    throw invalidParams();
  if (ssid === '' || Buffer.byteLength(ssid) > MAX_SSID_BYTES) throw invalidParams();
  if (Buffer.byteLength(passwd) > MAX_PASSWORD_BYTES || !Number.isInteger(uid)) throw invalidParams();
  return { ssid, passwd, uid };
}
