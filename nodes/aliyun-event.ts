/** aliyun-event: reports an event of the thing model; the output parameters are the payload. */
import type { Node, NodeAPI, NodeDef } from 'node-red';
import type { AliyunDevice } from '../lib/aliyun';
import { MialinkError } from '../lib/errors';
import { followOutbox, outputsOf, requestCloud } from './aliyun-request';
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
    chosen.listen((device) => [followOutbox(RED, this, device, light)]);

    const report = (message: Message) => {
      const device = chosen.acquire();
      const event = asText(config.event) || asText(message.event);
      if (event === '') throw new MialinkError('eventMissing', { device: device.label });
      const outputs = outputsOf(device, 'the event', message.payload);
      return device.postEvent(event, outputs, { source: this.id });
    };

    onInput(
      RED,
      this,
      async (message, send, signal) => {
        const request = () => requestCloud(message, async () => untilClosed(signal, report(message)));
        await light.during(request, (outcome) => outcome);
        send(message);
      },
      () => chosen.release(),
    );
  }
}
