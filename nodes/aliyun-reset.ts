/** aliyun-reset: takes the bindings and the topology of a device away in the cloud, if its tick allows it. */
import type { Node, NodeAPI, NodeDef } from 'node-red';
import type { AliyunDevice } from '../lib/aliyun';
import { resetDevice } from '../lib/aliyun/functions/reset';
import { MialinkError } from '../lib/errors';
import { requestCloud } from './aliyun-request';
import { ChosenDevice } from './device-sharing';
import { asFlag, onInput, untilClosed } from './runtime';
import { StatusLight } from './status';

interface Config extends NodeDef {
  device?: string;
  allowReset?: boolean | string;
}

export default function register(RED: NodeAPI): void {
  RED.nodes.registerType('aliyun-reset', create);

  function create(this: Node, config: Config): void {
    RED.nodes.createNode(this, config);
    const light = new StatusLight(this);
    const chosen = new ChosenDevice<AliyunDevice>(RED, this, config.device, light);
    chosen.acquireOrShow();

    const reset = async () => {
      const device = chosen.acquire();
      if (!asFlag(config.allowReset, false)) {
        throw new MialinkError('resetRefused', { node: this.name || this.type });
      }
      return resetDevice(device);
    };

    onInput(
      RED,
      this,
      async (message, send, signal) => {
        await light.during(() => requestCloud(message, () => untilClosed(signal, reset())));
        send(message);
      },
      () => chosen.release(),
    );
  }
}
