/**
 * aliyun-reply: answers the request of the message it gets, a service call or a property set with manual reply. It is in
 * `msg.aliyun`, or where a node on the way has put its own there, in `msg.request`.
 */
import type { Node, NodeAPI, NodeDef } from 'node-red';
import type { AliyunDevice } from '../lib/aliyun';
import { MialinkError } from '../lib/errors';
import { outputsOf } from './aliyun-request';
import { ChosenDevice } from './device-sharing';
import { asNumber, asText, isRecord, type Message, onInput, untilClosed } from './runtime';
import { StatusLight } from './status';

interface Config extends NodeDef {
  device?: string;
}

export default function register(RED: NodeAPI): void {
  RED.nodes.registerType('aliyun-reply', create);

  function create(this: Node, config: Config): void {
    RED.nodes.createNode(this, config);
    const light = new StatusLight(this);
    const chosen = new ChosenDevice<AliyunDevice>(RED, this, config.device, light);
    chosen.acquireOrShow();

    const answer = async (message: Message) => {
      const device = chosen.acquire();
      const request = requestIn(message.aliyun) ?? requestIn(message.request);
      if (!request) throw new MialinkError('replyWithoutRequest');
      const data = outputsOf(device, 'the reply', message.payload);
      await device.answer(request, { code: codeOf(device, message), data });
    };

    onInput(
      RED,
      this,
      (message, _send, signal) => light.during(() => untilClosed(signal, answer(message))),
      () => chosen.release(),
    );
  }
}

/** A request of the cloud; undefined for its reply to one of ours, which has no topic. */
function requestIn(value: unknown): { id: string; topic: string; service?: string } | undefined {
  const { id, topic, service } = isRecord(value) ? value : {};
  if (asText(id) === '' || asText(topic) === '') return undefined;
  return { id: asText(id), topic: asText(topic), service: asText(service) || undefined };
}

function codeOf(device: AliyunDevice, { code }: Message): number | undefined {
  const number = asNumber(code);
  if (number === undefined || Number.isInteger(number)) return number;
  const values = { device: device.label, field: 'msg.code', rule: 'a whole number such as 200' };
  throw new MialinkError('settingInvalid', { ...values, value: asText(code) });
}
