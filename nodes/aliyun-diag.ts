/** aliyun-diag: tells the cloud how good the device's network is; the measured values are the payload. */
import type { Node, NodeAPI, NodeDef } from 'node-red';
import type { AliyunDevice } from '../lib/aliyun';
import { type NetworkStatus, postNetworkStatus } from '../lib/aliyun/functions/network-status';
import { MialinkError } from '../lib/errors';
import { requestCloud } from './aliyun-request';
import { ChosenDevice } from './device-sharing';
import { typeOf } from './property-operations';
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
    const values = {
      device: device.label,
      operation: 'network status',
      rule: 'an object {rssi, snr?, per?}',
    };
    throw new MialinkError('payloadInvalid', { ...values, type: typeOf(payload) });
  }
  const { rssi, snr, per, errStats, time } = payload;
  return {
    rssi: asNumber(rssi) ?? Number.NaN,
    snr: asNumber(snr),
    per: asNumber(per),
    errStats: asText(errStats) || undefined,
    time: asNumber(time),
  };
}
