/**
 * aliyun-shadow: reports to the shadow of a device and asks for it (output 1: the cloud's reply), and passes on what is
 * wished of the device (output 2).
 */
import type { Node, NodeAPI, NodeDef } from 'node-red';
import type { AliyunDevice } from '../lib/aliyun';
import type { Shadow, ShadowDocument, ShadowOptions } from '../lib/aliyun/functions/shadow';
import { keepRefusal, operationNamed } from './aliyun-request';
import { ChosenDevice } from './device-sharing';
import { payloadInvalid } from './payload';
import { asNumber, asText, isRecord, type Message, onInput, untilClosed } from './runtime';
import { StatusLight } from './status';

interface Config extends NodeDef {
  device?: string;
  operation?: string;
  version?: string | number;
}

type Operation = (shadow: Shadow, request: Request) => Promise<ShadowDocument>;

interface Request extends ShadowOptions {
  /** For texts. */
  device: string;
  payload: unknown;
}

const OPERATIONS: Record<string, Operation> = {
  get: (shadow) => shadow.get(),
  update: (shadow, { device, payload, version }) => {
    if (isRecord(payload) && Object.keys(payload).length > 0) return shadow.update(payload, { version });
    throw payloadInvalid(device, 'shadow update', 'an object {name: value}', payload);
  },
  delete: (shadow, { device, payload, version }) => {
    if (payload === undefined || payload === null || payload === '') return shadow.delete('all', { version });
    if (isNames(payload)) return shadow.delete(payload, { version });
    throw payloadInvalid(device, 'shadow delete', 'an array of names, or blank for all', payload);
  },
  clear: (shadow, { version }) => shadow.clearDesired({ version }),
};

export default function register(RED: NodeAPI): void {
  RED.nodes.registerType('aliyun-shadow', create);

  function create(this: Node, config: Config): void {
    RED.nodes.createNode(this, config);
    const light = new StatusLight(this);
    const chosen = new ChosenDevice<AliyunDevice>(RED, this, config.device, light);
    const passOn = (document: ShadowDocument) => this.send([null, wishIn(document)]);
    chosen.listen(({ shadow }) => [shadow.onControl(passOn)]);

    const operate = async (message: Message) => {
      const device = chosen.acquire();
      const name = asText(config.operation) || asText(message.operation) || 'update';
      const operation = operationNamed(device, OPERATIONS, name);
      const version = asNumber(config.version) ?? asNumber(message.version);
      const request = { device: device.label, payload: message.payload, version };
      const document = await operation(device.shadow, request);
      putReply(message, document, name === 'get');
    };

    onInput(
      RED,
      this,
      async (message, send, signal) => {
        // That of a node before this one would be taken for the cloud's answer to this request.
        delete message.aliyun;
        await light.during(() => untilClosed(signal, operate(message).catch(keepRefusal(message))));
        send([message, null]);
      },
      () => chosen.release(),
    );
  }
}

/** State and metadata are known after `get` only. */
function putReply(message: Message, document: ShadowDocument, isWhole: boolean): void {
  const { reported, desired, metadata, version, timestamp } = document;
  message.payload = isWhole ? { reported, desired } : {};
  message.aliyun = isWhole ? { version, timestamp, metadata } : { version, timestamp };
}

function wishIn(document: ShadowDocument): Partial<Message> {
  const { reported, desired, metadata, version, timestamp } = document;
  // Its own copy, as a flow may change the payload.
  const state = structuredClone({ reported, desired });
  return { payload: desired, aliyun: { version, state, metadata, timestamp } };
}

function isNames(payload: unknown): payload is string[] {
  const isName = (name: unknown) => typeof name === 'string' && name !== '';
  return Array.isArray(payload) && payload.length > 0 && payload.every(isName);
}
