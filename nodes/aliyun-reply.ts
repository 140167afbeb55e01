/** aliyun-reply: answers the request of the message it gets, a service call or a property set with manual reply. */
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
      const request = isRecord(message.aliyun) ? message.aliyun : {};
      const [id, topic] = [asText(request.id), asText(request.topic)];
      if (id === '' || topic === '') throw new MialinkError('replyWithoutRequest');
      const data = outputsOf(device, 'the reply', message.payload);
      const service = asText(request.service) || undefined;
      await device.answer({ id, topic, service }, { code: codeOf(device, message), data });
    };

    onInput(
      RED,
      this,
      (message, _send, signal) => light.during(() => untilClosed(signal, answer(message))),
      () => chosen.release(),
    );
  }
}

function codeOf(device: AliyunDevice, { code }: Message): number | undefined {
  const number = asNumber(code);
  if (number === undefined || Number.isInteger(number)) return number;
  const values = { device: device.label, field: 'msg.code', rule: 'a whole number such as 200' };
  throw new MialinkError('settingInvalid', { ...values, value: asText(code) });
}
