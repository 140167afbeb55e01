/** aliyun-service: passes on the services that the cloud calls; aliyun-reply answers them. */
import type { Node, NodeAPI, NodeDef } from 'node-red';
import type { AliyunDevice, ServiceCall } from '../lib/aliyun';
import { ChosenDevice } from './device-sharing';
import { asText, inUsersLanguage, type Message, onClose } from './runtime';
import { StatusLight } from './status';

interface Config extends NodeDef {
  device?: string;
  service?: string;
}

export default function register(RED: NodeAPI): void {
  RED.nodes.registerType('aliyun-service', create);

  function create(this: Node, config: Config): void {
    RED.nodes.createNode(this, config);
    const light = new StatusLight(this);
    const chosen = new ChosenDevice<AliyunDevice>(RED, this, config.device, light);
    chosen.listen((device) => [
      device.onService(
        asText(config.service),
        (call) => this.send(messageAbout(call)),
        (problem, call) => this.error(inUsersLanguage(RED, problem), messageAbout(call) as Message),
      ),
    ]);
    onClose(this, () => chosen.release());
  }
}

function messageAbout({ params, ...call }: ServiceCall): Partial<Message> {
  return { payload: params, aliyun: call };
}
