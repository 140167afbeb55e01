/** The methods that every device has: who it is, its Wi-Fi, restart and factory reset. Source: reference/miio.md 4. */
import { type Method, Refusal } from './methods';
import { wifiState } from './provisioning';

/** How long a device is away when it restarts. */
const AWAY_MS = 20;

/** What miIO.info tells of a device. */
export interface Identity {
  did: bigint;
  token: Buffer;
  model: string;
  firmware: string;
  address: string;
  /** Since it came up, in seconds. */
  stamp: number;
}

/** What the methods do to the device. */
interface Host {
  identity(): Identity;
  restart(awayMs: number): void;
  /** undefined: a factory reset is refused. */
  restore: (() => void) | undefined;
}

export function commonMethods(host: Host): [string, Method][] {
  return [
    ['miIO.info', () => info(host.identity())],
    ['miIO.wifi_assoc_state', () => wifiState(true)],
    ['miIO.reboot', () => restart(host)],
    [
      'miIO.restore',
      () => {
        if (!host.restore) throw new Refusal(-30020, 'service not available.');
        host.restore();
        return restart(host);
      },
    ],
  ];
}

function restart(host: Host): string[] {
  host.restart(AWAY_MS);
  return ['ok'];
}

function info({ did, token, model, firmware, address, stamp }: Identity): object {
  const tail = (did & 0xffffffn).toString(16).toUpperCase().padStart(6, '0');
  return {
    life: stamp,
    model,
    token: token.toString('hex'),
    mac: `28:6C:07:${tail.match(/../g)?.join(':')}`,
    fw_ver: firmware,
    hw_ver: 'MW300',
    ap: { ssid: 'home', bssid: '28:6C:07:00:00:01', rssi: -45 },
    netif: { localIp: address, mask: '255.0.0.0', gw: '127.0.0.1' },
  };
}
