/**
 * aliyun-shadow: reports to the shadow of a device and asks for it (output 1: the cloud's reply), and passes on what is
 * wished of the device (output 2).
 */
import type { Node, NodeAPI, NodeDef } from 'node-red';
import type { AliyunDevice } from '../lib/aliyun';
import type { Shadow, ShadowDocument, ShadowOptions } from '../lib/aliyun/functions/shadow';
import { MialinkError } from '../lib/errors';
import { keepRefusal } from './aliyun-request';
import { ChosenDevice } from './device-sharing';
import { typeOf } from './property-operations';
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
    throw invalid(device, 'shadow update', 'an object {name: value}', payload);
  },
  delete: (shadow, { device, payload, version }) => {
    if (payload === undefined || payload === null || payload === '') return shadow.delete('all', { version });
    if (isNames(payload)) return shadow.delete(payload, { version });
    throw invalid(device, 'shadow delete', 'an array of names, or blank for all', payload);
  },
  clear: (shadow, { version }) => shadow.clearDesired({ version }),
};

export default function register(RED: NodeAPI): void {
  RED.nodes.registerType('aliyun-shadow', create);

  function create(this: Node, config: Config): void {
    RED.nodes.createNode(this, config);
    const light = new StatusLight(this);
    const chosen = new ChosenDevice<AliyunDevice>(RED, this, config.device, light);
    const stopListening = chosen
      .acquireOrShow()
      ?.shadow.onControl((document) => this.send([null, wishIn(document)]));

    const operate = async (message: Message) => {
      const { label: device, shadow } = chosen.acquire();
      const name = asText(config.operation) || asText(message.operation) || 'update';
      const operation = Object.hasOwn(OPERATIONS, name) ? OPERATIONS[name] : undefined;
      const known = Object.keys(OPERATIONS).join(', ');
      if (!operation) throw new MialinkError('operationUnknown', { device, operation: name, known });
      const version = asNumber(config.version) ?? asNumber(message.version);
      const document = await operation(shadow, { device, payload: message.payload, version });
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
      () => {
        stopListening?.();
        return chosen.release();
      },
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

function invalid(device: string, operation: string, rule: string, payload: unknown): MialinkError {
  return new MialinkError('payloadInvalid', { device, operation, rule, type: typeOf(payload) });
}
