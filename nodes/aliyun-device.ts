/** aliyun-device (config): one device of the Alibaba Cloud IoT Platform, connected while a node uses it. */
import { readFileSync } from 'node:fs';
import type { Node, NodeAPI, NodeDef } from 'node-red';
import { type AliyunDevice, type AliyunSettings, checkSettings } from '../lib/aliyun';
import { MialinkError, messageOf } from '../lib/errors';
import type { Logger } from '../lib/logger';
import { AliyunDevices } from './aliyun-devices';
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
      | 'timeoutMs'
      | (typeof FIELDS_TO_COME)[number][0],
      unknown
    >
  >;

/** Fields of the contract that this version cannot honour yet, and what stands for none of it. */
const FIELDS_TO_COME = [
  ['outbox', 'off'],
  ['registration', 'none'],
  ['gateway', ''],
  ['thingModel', ''],
] as const;

/** Of all config nodes of this Node-RED. */
const devices = new AliyunDevices();

export default function register(RED: NodeAPI): void {
  RED.nodes.registerType<AliyunDeviceNode, Config, object, Credentials>('aliyun-device', create, {
    credentials: { deviceSecret: { type: 'password' } },
  });

  function create(this: AliyunDeviceNode, config: Config): void {
    RED.nodes.createNode(this, config);
    shareDevice(
      this,
      () => devices.take(readSettings(config, this.credentials), logOf(RED, this)),
      (device) => devices.release(device),
    );
  }
}

/** Throws the MialinkError of the first setting that is wrong. */
function readSettings(config: Config, credentials: Credentials): AliyunSettings {
  const settings: AliyunSettings = {
    productKey: asText(config.productKey),
    deviceName: asText(config.deviceName),
    deviceSecret: asText(credentials.deviceSecret),
    region: asText(config.region) || undefined,
    instanceId: asText(config.instanceId) || undefined,
    endpoint: asText(config.endpoint) || undefined,
    transport: (asText(config.transport) || undefined) as AliyunSettings['transport'],
    keepalive: asNumber(config.keepalive),
    cleanSession: asFlag(config.cleanSession, true),
    signMethod: (asText(config.signMethod) || undefined) as AliyunSettings['signMethod'],
    timeoutMs: asNumber(config.timeoutMs),
  };
  const { label } = checkSettings(settings);
  refuseFieldsToCome(config, label);
  return { ...settings, ca: readCa(asText(config.ca), label) };
}

/** A hand-written flow would rely on them. */
function refuseFieldsToCome(config: Config, device: string): void {
  for (const [field, none] of FIELDS_TO_COME) {
    const value = asText(config[field]);
    if (value === '' || value === none) continue;
    const rule = `${none || 'blank'}, as this version does not support more`;
    throw new MialinkError('settingInvalid', { device, field, rule, value: value.slice(0, 40) });
  }
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
