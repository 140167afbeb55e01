/**
 * miio-discover: looks for devices on the network, for each message and at an interval. With an interval it knows who
 * was there before, and tells who has appeared, moved or disappeared.
 */
import type { Node, NodeAPI, NodeDef } from 'node-red';
import { MialinkError } from '../lib/errors';
import type { FoundDevice } from '../lib/miio';
import { CHANGES, type Changes, Presence } from '../lib/miio/presence';
import { network } from './miio-device';
import { asNumber, asText, type Message, onInput, type Send } from './runtime';
import { StatusLight } from './status';

interface Config extends NodeDef {
  addresses?: string;
  timeoutMs?: string | number;
  interval?: string | number;
  report?: string;
  output?: string;
  bindAddress?: string;
}

export default function register(RED: NodeAPI): void {
  RED.nodes.registerType('miio-discover', create);

  function create(this: Node, config: Config): void {
    RED.nodes.createNode(this, config);
    const light = new StatusLight(this);
    light.show(isInterval(config) ? 'idle' : 'misconfigured');
    const seconds = isInterval(config) ? (asNumber(config.interval) ?? 0) : 0;
    const presence = seconds > 0 ? new Presence() : undefined;
    let searches = 0;

    const search = async (message: Message, send: Send, signal: AbortSignal) => {
      if (!isInterval(config)) throw intervalInvalid(this, config);
      searches++;
      const devices = await light.during(() => lookAround(config, message, signal)).finally(() => searches--);
      for (const news of presence ? follow(presence, devices, message) : tell(devices)) {
        send(news(RED.util.cloneMessage(message)));
      }
    };

    const tell = (devices: FoundDevice[]): News[] =>
      config.output === 'list' ? [listOf(devices)] : devices.map(messageAbout);

    const follow = (presence: Presence, devices: FoundDevice[], message: Message): News[] => {
      const changes = searchesPart(config, message) ? presence.met(devices) : presence.searched(devices);
      // A number is not a text of the editor's catalogue: this one is in the language of the server.
      const text = RED._('miio-discover.status.found', { count: presence.devices.length });
      this.status({ fill: 'green', shape: 'dot', text });
      return config.output === 'list'
        ? newsAsList(presence.devices, changes, config.report)
        : newsOfEach(changes, config.report);
    };

    let own: Partial<Message> | undefined;
    const searchByItself = () => {
      if (searches > 0) return;
      own = {};
      this.receive(own);
    };
    const answer = async (message: Message, send: Send, signal: AbortSignal) => {
      try {
        await search(message, send, signal);
      } catch (error) {
        // A deploy has ended it, and nobody had asked for it.
        if (!(signal.aborted && message === own)) throw error;
      }
    };
    const atDeploy = presence ? setTimeout(searchByItself, 0) : undefined;
    const timer = presence ? setInterval(searchByItself, seconds * 1_000) : undefined;
    onInput(RED, this, answer, () => {
      clearTimeout(atDeploy);
      clearInterval(timer);
    });
  }
}

/** What becomes of a copy of the message that asked. */
type News = (message: Message) => Message;

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
    bindAddress: asText(config.bindAddress) || asText(message.bindAddress),
    signal,
  });
  if (signal.aborted) throw signal.reason;
  return devices;
}

/** A message that says itself where to look says nothing about who is elsewhere. */
function searchesPart(config: Config, message: Message): boolean {
  return (['addresses', 'bindAddress'] as const).some(
    (field) => asText(config[field]) === '' && asText(message[field]) !== '',
  );
}

function newsOfEach(changes: Changes, report: string | undefined): News[] {
  return CHANGES.filter((change) => change !== 'present' || report !== 'changes').flatMap((change) =>
    changes[change].map((device) => (message: Message) => {
      const about = change === 'disappeared' ? messageInMemory(device) : messageAbout(device);
      return { ...about(message), miio: { change } };
    }),
  );
}

function newsAsList(devices: FoundDevice[], changes: Changes, report: string | undefined): News[] {
  const idsOf = (list: FoundDevice[]) => list.map(({ deviceId }) => deviceId);
  const miio = {
    appeared: idsOf(changes.appeared),
    moved: idsOf(changes.moved),
    disappeared: idsOf(changes.disappeared),
  };
  if (report === 'changes' && Object.values(miio).every((ids) => ids.length === 0)) return [];
  return [(message) => ({ ...listOf(devices)(message), miio })];
}

function listOf(devices: FoundDevice[]): News {
  return (message) => ({ ...message, payload: devices.map(copyOf) });
}

/** `msg.device` is what miio-command takes. */
function messageAbout(found: FoundDevice): News {
  const { address, port, deviceId, token } = found;
  const device = { address, port, deviceId, ...(token === undefined ? {} : { token }) };
  return (message) => ({ ...message, payload: copyOf(found), device });
}

/** Without `msg.device`, so that nobody commands who has gone. */
function messageInMemory(found: FoundDevice): News {
  return ({ device: _, ...message }) => ({ ...message, payload: copyOf(found) });
}

/** A flow may change what it gets; what is remembered of the device stays. */
function copyOf(device: FoundDevice): FoundDevice {
  return { ...device };
}
