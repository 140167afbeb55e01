/**
 * aliyun-device (config): one device of the Alibaba Cloud IoT Platform, connected while a node uses it. The buttons of its
 * dialog are in `aliyun-device-routes`.
 */
import type { Node, NodeAPI, NodeDef } from 'node-red';
import type { AliyunDevice, OutboxEntry } from '../lib/aliyun';
import type { MialinkError } from '../lib/errors';
import type { Logger } from '../lib/logger';
import { registerRoutes } from './aliyun-device-routes';
import { type Fields, readSetup, SECRETS, type Secrets, type Setup } from './aliyun-device-settings';
import { AliyunDevices, type Owner } from './aliyun-devices';
import { type DeviceNode, shareDevice } from './device-sharing';
import { inUsersLanguage, type Message } from './runtime';

export interface AliyunDeviceNode extends DeviceNode<AliyunDevice, Secrets> {
  /** As deployed. Throws the MialinkError of the first setting that is wrong. */
  readSetup(): Setup;
}

type Config = NodeDef & Fields;

/** Of all config nodes of this Node-RED. */
const devices = new AliyunDevices();

export default function register(RED: NodeAPI): void {
  const userDir = RED.settings.userDir ?? process.cwd();

  RED.nodes.registerType<AliyunDeviceNode, Config, object, Secrets>('aliyun-device', create, {
    credentials: Object.fromEntries(SECRETS.map((name) => [name, { type: 'password' }])),
  });

  function create(this: AliyunDeviceNode, config: Config): void {
    RED.nodes.createNode(this, config);
    const owner: Owner = {
      logger: logOf(RED, this),
      isUsedBy: (id) => Object.hasOwn(this.users, id),
      onRefused: (entry, problem) => reportOrphan(RED, this, entry, problem),
    };
    this.readSetup = () => readSetup(config, this.credentials);
    shareDevice(
      RED,
      this,
      () => devices.take(this.readSetup(), owner, userDir),
      (device) => devices.release(device, owner),
    );
  }

  registerRoutes(RED, devices, userDir);
}

function reportOrphan(RED: NodeAPI, node: Node, entry: OutboxEntry, problem: MialinkError): void {
  const message: Partial<Message> = { payload: entry.params, aliyun: { ...problem.peer, queued: true } };
  node.error(inUsersLanguage(RED, problem), message as Message);
}

/** The library's reports in Node-RED's log, under the name of the node. */
export function logOf(RED: NodeAPI, node: Node): Logger {
  return {
    debug: (text) => node.debug(text),
    warn: (problem) => node.warn(inUsersLanguage(RED, problem).message),
  };
}
