/** aliyun-event: reports an event of the thing model; the output parameters are the payload. */
import type { Node, NodeAPI, NodeDef } from 'node-red';
import type { AliyunDevice } from '../lib/aliyun';
import { MialinkError } from '../lib/errors';
import { requestCloud } from './aliyun-request';
import { ChosenDevice } from './device-sharing';
import { typeOf } from './property-operations';
import { asText, isRecord, type Message, onInput } from './runtime';
import { StatusLight } from './status';

interface Config extends NodeDef {
  device?: string;
  event?: string;
}

export default function register(RED: NodeAPI): void {
  RED.nodes.registerType('aliyun-event', create);

  function create(this: Node, config: Config): void {
    RED.nodes.createNode(this, config);
    const light = new StatusLight(this);
    const chosen = new ChosenDevice<AliyunDevice>(RED, this, config.device, light);
    chosen.acquireOrShow();

    const report = (message: Message) => {
      const device = chosen.acquire();
      const event = asText(config.event) || asText(message.event);
      if (event === '') throw new MialinkError('eventMissing', { device: device.label });
      return device.postEvent(event, outputsOf(device, message.payload));
    };

    onInput(
      RED,
      this,
      async (message, send) => {
        await light.during(() => requestCloud(message, async () => report(message)));
        send(message);
      },
      () => chosen.release(),
    );
  }
}

/** An event may have no output parameters: a blank payload will do. */
function outputsOf(device: AliyunDevice, payload: unknown): Record<string, unknown> {
  if (payload === undefined || payload === null || payload === '') return {};
  if (isRecord(payload)) return payload;
  const values = { device: device.label, operation: 'the event', rule: 'an object {parameter: value}' };
  throw new MialinkError('payloadInvalid', { ...values, type: typeOf(payload) });
}
