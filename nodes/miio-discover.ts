/** miio-discover: looks for devices on the network, for each message and at an interval. */
import type { Node, NodeAPI, NodeDef } from 'node-red';
import { MialinkError } from '../lib/errors';
import type { FoundDevice } from '../lib/miio';
import { network } from './miio-device';
import { asNumber, asText, type Message, onInput, type Send } from './runtime';
import { StatusLight } from './status';

interface Config extends NodeDef {
  addresses?: string;
  timeoutMs?: string | number;
  interval?: string | number;
  output?: string;
  bindAddress?: string;
}

export default function register(RED: NodeAPI): void {
  RED.nodes.registerType('miio-discover', create);

  function create(this: Node, config: Config): void {
    RED.nodes.createNode(this, config);
    const light = new StatusLight(this);
    light.show('idle');

    const search = async (message: Message, send: Send, signal: AbortSignal) => {
      const devices = await light.during(() =>
        network.discover({
          addresses: asText(config.addresses) || asText(message.addresses),
          timeoutMs: asNumber(config.timeoutMs) ?? asNumber(message.timeoutMs),
          bindAddress: asText(config.bindAddress),
          signal,
        }),
      );
      if (signal.aborted) throw new MialinkError('closed', { device: this.name || this.type });
      if (config.output === 'list') send({ ...message, payload: devices });
      else for (const device of devices) send(messageAbout(device, RED.util.cloneMessage(message)));
    };

    const seconds = asNumber(config.interval) ?? 0;
    const timer = seconds > 0 ? setInterval(() => this.receive(), seconds * 1_000) : undefined;
    onInput(RED, this, search, () => clearInterval(timer));
  }
}

/** `msg.device` is what miio-command takes. */
function messageAbout(found: FoundDevice, message: Message): Message {
  const { stamp: _, ...device } = found;
  return { ...message, payload: found, device };
}
