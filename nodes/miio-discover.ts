/**
 * miio-discover: looks for devices on the network, for each message and at an interval. With an interval it knows who
 * was there before, and tells who has appeared, moved or disappeared.
 */
import type { Node, NodeAPI, NodeDef } from 'node-red';
import { MialinkError } from '../lib/errors';
import type { FoundDevice } from '../lib/miio';
import { CHANGES, Presence, type PresenceChanges } from '../lib/miio/presence';
import { network } from './miio-device';
import { bytesIn, typeOf } from './payload';
import { asNumber, asText, type Message, onInput, type Send } from './runtime';
import { StatusLight } from './status';

interface Config extends NodeDef {
  addresses?: unknown;
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
      const work = () => lookAround(this, config, message, signal);
      const devices = await light.during(work).finally(() => searches--);
      const news = presence ? follow(presence, devices, message) : tell(devices);
      if (searches === 0) showFound(presence?.devices.length ?? devices.length);
      for (const become of news) {
        send(become(RED.util.cloneMessage(message)));
      }
    };

    const showFound = (count: number) => {
      // A number is not a text of the editor's catalogue: this one is in the language of the server.
      const text = RED._('miio-discover.status.found', { count });
      this.status(count > 0 ? { fill: 'green', shape: 'dot', text } : { fill: 'grey', shape: 'ring', text });
    };

    const tell = (devices: FoundDevice[]): News[] =>
      config.output === 'list' ? [listOf(devices)] : devices.map(messageAbout);

    const follow = (presence: Presence, devices: FoundDevice[], message: Message): News[] => {
      const changes = searchesPart(this, config, message)
        ? presence.met(devices)
        : presence.searched(devices);
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

async function lookAround(
  node: Node,
  config: Config,
  message: Message,
  signal: AbortSignal,
): Promise<FoundDevice[]> {
  const devices = await network.discover({
    addresses: addressesOf(node, config.addresses) || addressesOf(node, message.addresses),
    timeoutMs: asNumber(config.timeoutMs) ?? asNumber(message.timeoutMs),
    bindAddress: asText(config.bindAddress) || asText(message.bindAddress),
    signal,
  });
  if (signal.aborted) throw signal.reason;
  return devices;
}

/** Text, its bytes, or a list of texts. Anything else is refused, since no addresses are the whole network. */
function addressesOf(node: Node, value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value.trim();
  const bytes = bytesIn(value);
  if (bytes) return bytes.toString().trim();
  if (Array.isArray(value) && value.length > 0 && value.every(isFilledText)) return value.join(', ');
  const device = node.name || node.type;
  const rule = 'text or an array of texts';
  throw new MialinkError('settingInvalid', { device, field: 'addresses', rule, value: typeOf(value) });
}

function isFilledText(value: unknown): boolean {
  return typeof value === 'string' && value.trim() !== '';
}

/** A message that says itself where to look says nothing about who is elsewhere. */
function searchesPart(node: Node, config: Config, message: Message): boolean {
  const hasAddresses =
    addressesOf(node, config.addresses) === '' && addressesOf(node, message.addresses) !== '';
  const hasBindAddress = asText(config.bindAddress) === '' && asText(message.bindAddress) !== '';
  return hasAddresses || hasBindAddress;
}

function newsOfEach(changes: PresenceChanges, report: string | undefined): News[] {
  return CHANGES.filter((change) => change !== 'present' || report !== 'changes').flatMap((change) =>
    changes[change].map((device) => (message: Message) => {
      const about = change === 'disappeared' ? messageInMemory(device) : messageAbout(device);
      return { ...about(message), miio: { change } };
    }),
  );
}

function newsAsList(devices: FoundDevice[], changes: PresenceChanges, report: string | undefined): News[] {
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
