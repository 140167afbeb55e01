/**
 * aliyun-property: posts properties to the cloud and asks for desired ones (output 1: the cloud's reply), and passes on
 * the properties that the cloud sets (output 2).
 */
import type { Node, NodeAPI, NodeDef } from 'node-red';
import type { AliyunDevice, PropertySet } from '../lib/aliyun';
import { requestCloud } from './aliyun-request';
import { ChosenDevice } from './device-sharing';
import { operateOnProperties } from './property-operations';
import { asText, type Message, onInput, untilClosed } from './runtime';
import { StatusLight } from './status';

interface Config extends NodeDef {
  device?: string;
  reply?: string;
}

export default function register(RED: NodeAPI): void {
  RED.nodes.registerType('aliyun-property', create);

  function create(this: Node, config: Config): void {
    RED.nodes.createNode(this, config);
    const light = new StatusLight(this);
    const chosen = new ChosenDevice<AliyunDevice>(RED, this, config.device, light);
    const mode = config.reply === 'manual' ? 'manual' : 'auto';
    const stopListening = chosen
      .acquireOrShow()
      ?.onPropertySet(mode, (set) => this.send([null, messageOf(set)]));

    onInput(
      RED,
      this,
      async (message, send, signal) => {
        await light.during(() =>
          requestCloud(message, async () => {
            const operation = asText(message.operation) || 'post';
            return untilClosed(signal, operateOnProperties(chosen.acquire(), operation, message.payload));
          }),
        );
        send([message, null]);
      },
      () => {
        stopListening?.();
        return chosen.release();
      },
    );
  }
}

function messageOf({ params, ...request }: PropertySet): Partial<Message> {
  return { payload: params, aliyun: request };
}
