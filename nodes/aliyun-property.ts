/**
 * aliyun-property: posts properties to the cloud and asks for desired ones (output 1: the cloud's reply), and passes on
 * the properties that the cloud sets (output 2).
 */
import type { Node, NodeAPI, NodeDef } from 'node-red';
import type { AliyunDevice, PropertySet } from '../lib/aliyun';
import { followOutbox, requestCloud } from './aliyun-request';
import { ChosenDevice } from './device-sharing';
import { operateOnProperties } from './property-operations';
import { asFlag, asText, type Message, onInput, untilClosed } from './runtime';
import { StatusLight } from './status';

interface Config extends NodeDef {
  device?: string;
  reply?: string;
  /** Posts what the cloud has set, after the reply; only with `auto`. */
  echo?: boolean | string;
}

export default function register(RED: NodeAPI): void {
  RED.nodes.registerType('aliyun-property', create);

  function create(this: Node, config: Config): void {
    RED.nodes.createNode(this, config);
    const light = new StatusLight(this);
    const chosen = new ChosenDevice<AliyunDevice>(RED, this, config.device, light);
    const mode = config.reply === 'manual' ? 'manual' : 'auto';
    const passOn = (set: PropertySet) => this.send([null, messageOf(set)]);
    chosen.listen((device) => [
      device.onPropertySet(mode, passOn, { echo: asFlag(config.echo, false) }),
      followOutbox(RED, this, device, light),
    ]);

    onInput(
      RED,
      this,
      async (message, send, signal) => {
        const operate = async () => {
          const operation = asText(message.operation) || 'post';
          const source = this.id;
          return operateOnProperties(chosen.acquire(), operation, message.payload, { source });
        };
        const request = () => requestCloud(message, () => untilClosed(signal, operate()));
        await light.during(request, (outcome) => outcome);
        send([message, null]);
      },
      () => chosen.release(),
    );
  }
}

function messageOf({ params, ...request }: PropertySet): Partial<Message> {
  return { payload: params, aliyun: request };
}
