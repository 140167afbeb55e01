/** The device that a message names, where a flow node has none of its own. */
import type { Node } from 'node-red';
import { MialinkError } from '../lib/errors';
import type { DeviceSettings, MiioDevice } from '../lib/miio';
import { network } from './miio-device';
import { asNumber, asText, isRecord, type Message } from './runtime';

/** Opens `msg.device` = `{address, port?, deviceId?, token, timeoutMs?, retries?}`; to be closed after use. */
export function deviceOfMessage(message: Message, node: Node): MiioDevice {
  const { device } = message;
  if (!isRecord(device)) throw new MialinkError('deviceNotGiven', { node: node.name || node.type });
  const settings: DeviceSettings = {
    address: asText(device.address),
    port: asNumber(device.port),
    token: asText(device.token),
    deviceId: asText(device.deviceId),
    timeoutMs: asNumber(device.timeoutMs),
    retries: asNumber(device.retries),
  };
  return network.device(settings);
}
