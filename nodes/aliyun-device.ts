/** aliyun-device (config): one device of the Alibaba Cloud IoT Platform, connected while a node uses it. */
import { readFileSync } from 'node:fs';
import type { Node, NodeAPI, NodeDef } from 'node-red';
import { AliyunDevice, type AliyunSettings } from '../lib/aliyun';
import { MialinkError, messageOf } from '../lib/errors';
import type { Logger } from '../lib/logger';
import { type DeviceNode, shareDevice } from './device-sharing';
import { asFlag, asNumber, asText, inUsersLanguage } from './runtime';

interface Credentials {
  deviceSecret?: string;
}

type AliyunDeviceNode = DeviceNode<AliyunDevice, Credentials>;

type Config = NodeDef &
  Partial<
    Record<
      | 'productKey'
      | 'deviceName'
      | 'region'
      | 'instanceId'
      | 'endpoint'
      | 'transport'
      | 'ca'
      | 'keepalive'
      | 'cleanSession'
      | 'signMethod'
      | 'timeoutMs',
      unknown
    >
  >;

export default function register(RED: NodeAPI): void {
  RED.nodes.registerType<AliyunDeviceNode, Config, object, Credentials>('aliyun-device', create, {
    credentials: { deviceSecret: { type: 'password' } },
  });

  function create(this: AliyunDeviceNode, config: Config): void {
    RED.nodes.createNode(this, config);
    shareDevice(
      this,
      () => {
        const device = new AliyunDevice(readSettings(config, this.credentials), { logger: logOf(RED, this) });
        device.open();
        return device;
      },
      (device) => device.close(),
    );
  }
}

function readSettings(config: Config, credentials: Credentials): AliyunSettings {
  const deviceName = asText(config.deviceName);
  return {
    productKey: asText(config.productKey),
    deviceName,
    deviceSecret: asText(credentials.deviceSecret),
    region: asText(config.region) || undefined,
    instanceId: asText(config.instanceId) || undefined,
    endpoint: asText(config.endpoint) || undefined,
    transport: (asText(config.transport) || undefined) as AliyunSettings['transport'],
    ca: readCa(asText(config.ca), deviceName),
    keepalive: asNumber(config.keepalive),
    cleanSession: asFlag(config.cleanSession, true),
    signMethod: (asText(config.signMethod) || undefined) as AliyunSettings['signMethod'],
    timeoutMs: asNumber(config.timeoutMs),
  };
}

/** The CA field holds the PEM text itself or the path of its file. */
function readCa(ca: string, device: string): string | undefined {
  if (ca === '' || ca.includes('-----BEGIN CERTIFICATE-----')) return ca || undefined;
  try {
    return readFileSync(ca, 'utf8');
  } catch (error) {
    throw new MialinkError('caUnreadable', { device, cause: messageOf(error) }, { cause: error });
  }
}

/** The library's reports in Node-RED's log, under the name of the node. */
export function logOf(RED: NodeAPI, node: Node): Logger {
  return {
    debug: (text) => node.debug(text),
    warn: (problem) => node.warn(inUsersLanguage(RED, problem).message),
  };
}
