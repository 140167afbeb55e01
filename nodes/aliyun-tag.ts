/** aliyun-tag: sets, deletes and gets the tags of a device in the cloud. */
import type { Node, NodeAPI, NodeDef } from 'node-red';
import type { AliyunDevice, CloudReply } from '../lib/aliyun';
import { deleteTags, getTags, updateTags } from '../lib/aliyun/functions/tags';
import { operationNamed, requestCloud } from './aliyun-request';
import { ChosenDevice } from './device-sharing';
import { payloadInvalid } from './payload';
import { asText, isRecord, type Message, onInput, untilClosed } from './runtime';
import { StatusLight } from './status';

interface Config extends NodeDef {
  device?: string;
  operation?: string;
}

type Operation = (device: AliyunDevice, payload: unknown) => Promise<CloudReply>;

const OPERATIONS: Record<string, Operation> = {
  update: (device, payload) => {
    if (isRecord(payload)) return updateTags(device, payload);
    throw payloadInvalid(device.label, 'tag update', 'an object {key: value}', payload);
  },
  delete: (device, payload) => deleteTags(device, keysIn(device, 'tag delete', payload)),
  get: (device, payload) => getTags(device, keysIn(device, 'tag get', payload)),
};

export default function register(RED: NodeAPI): void {
  RED.nodes.registerType('aliyun-tag', create);

  function create(this: Node, config: Config): void {
    RED.nodes.createNode(this, config);
    const light = new StatusLight(this);
    const chosen = new ChosenDevice<AliyunDevice>(RED, this, config.device, light);
    chosen.acquireOrShow();

    const operate = async (message: Message) => {
      const device = chosen.acquire();
      const name = asText(config.operation) || asText(message.operation) || 'update';
      return operationNamed(device, OPERATIONS, name)(device, message.payload);
    };

    onInput(
      RED,
      this,
      async (message, send, signal) => {
        await light.during(() => requestCloud(message, () => untilClosed(signal, operate(message))));
        send(message);
      },
      () => chosen.release(),
    );
  }
}

/** One key as text, or an array of keys. */
function keysIn(device: AliyunDevice, operation: string, payload: unknown): string[] {
  const keys: unknown[] = Array.isArray(payload) ? payload : [payload];
  if (keys.every((key) => typeof key === 'string')) return keys;
  throw payloadInvalid(device.label, operation, 'a key, or an array of keys', payload);
}
