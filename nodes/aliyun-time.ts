/** aliyun-time: asks the cloud for the time. */
import type { Node, NodeAPI, NodeDef } from 'node-red';
import type { AliyunDevice } from '../lib/aliyun';
import { ChosenDevice } from './device-sharing';
import { onInput, untilClosed } from './runtime';
import { StatusLight } from './status';

interface Config extends NodeDef {
  device?: string;
}

export default function register(RED: NodeAPI): void {
  RED.nodes.registerType('aliyun-time', create);

  function create(this: Node, config: Config): void {
    RED.nodes.createNode(this, config);
    const light = new StatusLight(this);
    const chosen = new ChosenDevice<AliyunDevice>(RED, this, config.device, light);
    // Subscribes now, as a new subscription may take seconds to have effect.
    chosen.orShow(() => chosen.acquire().cloudClock);

    const ask = async () => chosen.acquire().cloudClock.ask();

    onInput(
      RED,
      this,
      async (message, send, signal) => {
        const answer = await light.during(() => untilClosed(signal, ask()));
        message.payload = answer.time;
        message.aliyun = answer;
        send(message);
      },
      () => chosen.release(),
    );
  }
}
