/**
 * Who a device says it is: its answer to `miIO.info`, of which every field may be missing (pure). Source: the answers
 * collected in python-miio and aholstenson/miio.
 */
import { isRecord, type Json } from '../untrusted';

export interface DeviceInfo {
  /** Such as `yeelink.light.color1`. */
  model?: string;
  /** Version of the firmware. */
  firmware?: string;
  /** Version of the microcontroller's own firmware. */
  mcuFirmware?: string;
  /** Such as `MW300`, `ESP8266` or `Linux`. */
  hardware?: string;
  mac?: string;
  /** Name of the Wi-Fi it is in. */
  ssid?: string;
  /** Of the Wi-Fi, in dBm. */
  rssi?: number;
  /** As the device itself knows it. */
  address?: string;
  uptimeS?: number;
}

/** Takes what it knows and leaves out the rest: the token above all. */
export function deviceInfo(result: unknown): DeviceInfo {
  const info = isRecord(result) ? result : {};
  const wifi = isRecord(info.ap) ? info.ap : {};
  const network = isRecord(info.netif) ? info.netif : {};
  const fields: DeviceInfo = {
    model: text(info, 'model'),
    firmware: text(info, 'fw_ver'),
    mcuFirmware: text(info, 'mcu_fw_ver'),
    hardware: text(info, 'hw_ver'),
    mac: text(info, 'mac'),
    ssid: text(wifi, 'ssid'),
    rssi: number(wifi, 'rssi'),
    address: text(network, 'localIp'),
    uptimeS: number(info, 'life'),
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** Versions may be numbers. */
function text(from: Json, name: string): string | undefined {
  const value = from[name];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

/** `rssi` may be a text. */
function number(from: Json, name: string): number | undefined {
  const value = text(from, name);
  return value === undefined || value.trim() === '' || !Number.isFinite(Number(value))
    ? undefined
    : Number(value);
}
