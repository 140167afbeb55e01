/** aliyun-diag: tells the cloud how good the device's network is; the measured values are the payload. */
import type { Node, NodeAPI, NodeDef } from 'node-red';
import type { AliyunDevice } from '../lib/aliyun';
import { type NetworkStatus, postNetworkStatus } from '../lib/aliyun/functions/network-status';
import { MialinkError } from '../lib/errors';
import { requestCloud } from './aliyun-request';
import { ChosenDevice } from './device-sharing';
import { payloadInvalid, typeOf } from './payload';
import { asNumber, asText, isRecord, onInput, untilClosed } from './runtime';
import { StatusLight } from './status';

interface Config extends NodeDef {
  device?: string;
}

export default function register(RED: NodeAPI): void {
  RED.nodes.registerType('aliyun-diag', create);

  function create(this: Node, config: Config): void {
    RED.nodes.createNode(this, config);
    const light = new StatusLight(this);
    const chosen = new ChosenDevice<AliyunDevice>(RED, this, config.device, light);
    chosen.acquireOrShow();

    const post = async (payload: unknown) => {
      const device = chosen.acquire();
      return postNetworkStatus(
        device,
        Array.isArray(payload) ? payload.map((one) => statusOf(device, one)) : statusOf(device, payload),
      );
    };

    onInput(
      RED,
      this,
      async (message, send, signal) => {
        await light.during(() => requestCloud(message, () => untilClosed(signal, post(message.payload))));
        send(message);
      },
      () => chosen.release(),
    );
  }
}

function statusOf(device: AliyunDevice, payload: unknown): NetworkStatus {
  if (!isRecord(payload)) {
    throw payloadInvalid(device.label, 'network status', 'an object {rssi, snr?, per?}', payload);
  }
  const rssi = numberIn(device, payload, 'rssi');
  if (rssi === undefined) throw notNumber(device, 'rssi', 'one without it');
  return {
    rssi,
    snr: numberIn(device, payload, 'snr'),
    per: numberIn(device, payload, 'per'),
    errStats: asText(payload.errStats) || undefined,
    time: numberIn(device, payload, 'time'),
  };
}

function numberIn(
  device: AliyunDevice,
  payload: Record<string, unknown>,
  name: keyof NetworkStatus,
): number | undefined {
  const number = asNumber(payload[name]);
  if (number === undefined || Number.isFinite(number)) return number;
  throw notNumber(device, name, `one in which it is ${asText(payload[name]) || typeOf(payload[name])}`);
}

function notNumber({ label: device }: AliyunDevice, name: string, type: string): MialinkError {
  const rule = `an object with a number as ${name}`;
  return new MialinkError('payloadInvalid', { device, operation: 'network status', rule, type });
}
