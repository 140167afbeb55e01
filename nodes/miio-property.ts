/**
 * miio-property: reads or sets properties of a device for each message, or watches them and sends what has changed.
 * What it takes for a property is in `property-table`, what it tells of it in `property-answer`.
 */
import type { Node, NodeAPI, NodeDef } from 'node-red';
import type { MiioDevice } from '../lib/miio';
import type { PropertyAnswer } from '../lib/miio/properties';
import { ChosenDevice } from './device-sharing';
import { deviceOfMessage } from './message-device';
import { orPut, putAnswer } from './property-answer';
import {
  type Mode,
  modeOf,
  type PropertyFields,
  type PropertySettings,
  readSettings,
  specOfMessage,
} from './property-settings';
import { changesToSet, propertiesToGet, readTable } from './property-table';
import { type Watch, watchProperties } from './property-watch';
import { type InputHandler, type Message, onInput, untilClosed } from './runtime';
import { StatusLight } from './status';

type Config = NodeDef & PropertyFields & { device?: string };

/** What the node does with a device for a message. */
type Operation = (
  message: Message,
  device: MiioDevice,
  settings: PropertySettings,
  signal: AbortSignal,
) => Promise<PropertyAnswer>;

export default function register(RED: NodeAPI): void {
  RED.nodes.registerType('miio-property', create);

  function create(this: Node, config: Config): void {
    RED.nodes.createNode(this, config);
    const mode = modeOf(config);
    const light = new StatusLight(this);
    const chosen = new ChosenDevice<MiioDevice>(RED, this, config.device, light);
    // A watch begins without a message that could name its device.
    const isOfMessage = !config.device && mode !== 'watch';
    const first = isOfMessage ? undefined : chosen.acquireOrShow();
    if (isOfMessage) light.showConnection('idle');

    const settings = readSettings(first?.label ?? (this.name || this.type), config);
    let watch: Watch | undefined;
    const watchOnce = (read: PropertySettings) => {
      watch ??= watchProperties(RED, this, light, chosen.acquire(), read);
      return watch;
    };
    const closing = new AbortController();
    const begin = (read: PropertySettings) => {
      if (mode === 'watch' && !closing.signal.aborted) chosen.orShow(() => watchOnce(read));
    };
    const begun = settings.then(begin, () => showMistake(chosen, light));

    const operations: Record<Mode, Operation> = {
      get: getProperties,
      set: setProperties,
      watch: (_message, _device, read, signal) => untilClosed(signal, watchOnce(read).poll()),
    };
    const handle = async (message: Message, signal: AbortSignal) => {
      const read = await settings;
      const device = isOfMessage ? deviceOfMessage(message, this) : chosen.acquire();
      try {
        const answer = operations[mode](message, device, read, signal);
        putAnswer(message, device, await orPut(message, device, answer));
      } finally {
        if (isOfMessage) device.close();
      }
    };
    const sendAnswer: InputHandler = async (message, send, signal) => {
      await light.during(() => handle(message, signal));
      send(message);
    };

    onInput(RED, this, sendAnswer, async () => {
      closing.abort();
      await begun;
      await watch?.close();
      await chosen.release();
    });
  }
}

/** For good: the device is let go, or its state would be shown in place of what is wrong. */
async function showMistake(chosen: ChosenDevice<MiioDevice>, light: StatusLight): Promise<void> {
  await chosen.release();
  light.showConnection('misconfigured');
}

/** Those of the table, else of `msg.properties`, else the names in the payload. */
async function getProperties(...[message, device, { table, spec }, signal]: Parameters<Operation>) {
  const { label } = device;
  const named = message.properties ?? (Array.isArray(message.payload) ? message.payload : undefined);
  const properties = table.length > 0 ? table : readTable(label, named);
  const known = spec ?? (await specOfMessage(label, message));
  return device.properties.get(propertiesToGet(label, properties, known), { signal });
}

/** What the payload says, by the names of the table, else of `msg.properties`, else its own. */
async function setProperties(...[message, device, { table, spec }, signal]: Parameters<Operation>) {
  const { label } = device;
  const properties = table.length > 0 ? table : readTable(label, message.properties);
  const known = spec ?? (await specOfMessage(label, message));
  return device.properties.set(changesToSet(label, properties, known, message.payload), { signal });
}
