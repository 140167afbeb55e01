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
    light.show(isInterval(config) ? 'idle' : 'misconfigured');
    let searches = 0;

    const search = async (message: Message, send: Send, signal: AbortSignal) => {
      if (!isInterval(config)) throw intervalInvalid(this, config);
      searches++;
      const devices = await light.during(() => lookAround(config, message, signal)).finally(() => searches--);
      if (config.output === 'list') send({ ...message, payload: devices });
      else for (const device of devices) send(messageAbout(device, RED.util.cloneMessage(message)));
    };

    const searchByItself = () => {
      if (searches === 0) this.receive();
    };
    const seconds = isInterval(config) ? (asNumber(config.interval) ?? 0) : 0;
    const atDeploy = seconds > 0 ? setTimeout(searchByItself, 0) : undefined;
    const timer = seconds > 0 ? setInterval(searchByItself, seconds * 1_000) : undefined;
    onInput(RED, this, search, () => {
      clearTimeout(atDeploy);
      clearInterval(timer);
    });
  }
}

/** A timer takes no more. */
const LONGEST_INTERVAL = 2_147_483;

function isInterval({ interval }: Config): boolean {
  const seconds = asNumber(interval) ?? 0;
  return seconds >= 0 && seconds <= LONGEST_INTERVAL;
}

function intervalInvalid(node: Node, { interval }: Config): MialinkError {
  const rule = `a number of seconds from 0 to ${LONGEST_INTERVAL}`;
  const values = { device: node.name || node.type, field: 'interval', rule, value: asText(interval) };
  return new MialinkError('settingInvalid', values);
}

async function lookAround(config: Config, message: Message, signal: AbortSignal): Promise<FoundDevice[]> {
  const devices = await network.discover({
    addresses: asText(config.addresses) || asText(message.addresses),
    timeoutMs: asNumber(config.timeoutMs) ?? asNumber(message.timeoutMs),
    bindAddress: asText(config.bindAddress),
    signal,
  });
  if (signal.aborted) throw signal.reason;
  return devices;
}

/** `msg.device` is what miio-command takes. */
function messageAbout(found: FoundDevice, message: Message): Message {
  const { stamp: _, ...device } = found;
  return { ...message, payload: found, device };
}
