/** aliyun-event: reports an event of the thing model; the output parameters are the payload. */
import type { Node, NodeAPI, NodeDef } from 'node-red';
import type { AliyunDevice } from '../lib/aliyun';
import { MialinkError } from '../lib/errors';
import { outputsOf, requestCloud } from './aliyun-request';
import { ChosenDevice } from './device-sharing';
import { asText, type Message, onInput, untilClosed } from './runtime';
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
      return device.postEvent(event, outputsOf(device, 'the event', message.payload));
    };

    onInput(
      RED,
      this,
      async (message, send, signal) => {
        await light.during(() => requestCloud(message, async () => untilClosed(signal, report(message))));
        send(message);
      },
      () => chosen.release(),
    );
  }
}
