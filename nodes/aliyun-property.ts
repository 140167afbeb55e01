/**
 * aliyun-property: posts properties to the cloud and asks for desired ones (output 1: the cloud's reply), and passes on
 * the properties that the cloud sets (output 2).
 */
import type { Node, NodeAPI, NodeDef } from 'node-red';
import type { AliyunDevice, CloudReply, PropertySet } from '../lib/aliyun';
import { MialinkError } from '../lib/errors';
import { requestCloud } from './aliyun-request';
import { ChosenDevice } from './device-sharing';
import { asText, isRecord, type Message, onInput } from './runtime';
import { StatusLight } from './status';

interface Config extends NodeDef {
  device?: string;
  reply?: string;
}

type Operation = (device: AliyunDevice, payload: unknown) => Promise<CloudReply>;

const OPERATIONS: Record<string, Operation> = {
  post: (device, payload) => device.postProperties(objectOf(device, 'post', payload)),
  history: (device, payload) => device.postHistory(arrayOf(device, 'history', payload).map((entry) => objectOf(device, 'history', entry))),
  batch: (device, payload) => device.postBatch(objectOf(device, 'batch', payload)),
  'desired.get': (device, payload) => device.getDesired(arrayOf(device, 'desired.get', payload).map(String)),
  'desired.delete': (device, payload) => device.deleteDesired(objectOf(device, 'desired.delete', payload)),
};

export default function register(RED: NodeAPI): void {
  RED.nodes.registerType('aliyun-property', create);

  function create(this: Node, config: Config): void {
    RED.nodes.createNode(this, config);
    const light = new StatusLight(this);
    const chosen = new ChosenDevice<AliyunDevice>(RED, this, config.device, light);
    const mode = config.reply === 'manual' ? 'manual' : 'auto';
    const stopListening = chosen.acquireOrShow()?.onPropertySet(mode, (set) => this.send([null, messageOf(set)]));

    onInput(
      RED,
      this,
      async (message, send) => {
        await light.during(() => requestCloud(message, () => operate(chosen, message)));
        send([message, null]);
      },
      () => {
        stopListening?.();
        return chosen.release();
      },
    );
  }
}

function operate(chosen: ChosenDevice<AliyunDevice>, message: Message): Promise<CloudReply> {
  const device = chosen.acquire();
  const name = asText(message.operation) || 'post';
  const operation = Object.hasOwn(OPERATIONS, name) ? OPERATIONS[name] : undefined;
  if (operation) return operation(device, message.payload);
  const known = Object.keys(OPERATIONS).join(', ');
  throw new MialinkError('operationUnknown', { device: device.label, operation: name, known });
}

function objectOf(device: AliyunDevice, operation: string, payload: unknown): Record<string, unknown> {
  if (isRecord(payload) && Object.keys(payload).length > 0) return payload;
  throw wrongPayload(device, operation, 'an object {identifier: value}', payload);
}

function arrayOf(device: AliyunDevice, operation: string, payload: unknown): unknown[] {
  if (Array.isArray(payload)) return payload;
  throw wrongPayload(device, operation, 'an array', payload);
}

function wrongPayload(device: AliyunDevice, operation: string, rule: string, payload: unknown): MialinkError {
  const type = isRecord(payload) ? 'empty' : Array.isArray(payload) ? 'an array' : typeof payload;
  return new MialinkError('payloadInvalid', { device: device.label, operation, rule, type });
}

function messageOf({ params, ...request }: PropertySet): Partial<Message> {
  return { payload: params, aliyun: request };
}
