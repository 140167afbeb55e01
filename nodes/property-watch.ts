/** The watch of a miio-property node: what it sends of its own accord, and what it shows of the device. */
import type { Node, NodeAPI } from 'node-red';
import type { MiioDevice } from '../lib/miio';
import { type PropertyAnswer, PropertyWatch } from '../lib/miio/properties';
import { putAnswer } from './property-answer';
import type { PropertySettings } from './property-settings';
import { propertiesToGet } from './property-table';
import { inUsersLanguage, type Message } from './runtime';
import type { StatusLight } from './status';

/** What a message can ask of a watch. */
export type Watch = Pick<PropertyWatch, 'poll' | 'close'>;

/** Begins to watch. Throws for an empty table, and for what the spec has against it. */
export function watchProperties(
  RED: NodeAPI,
  node: Node,
  light: StatusLight,
  device: MiioDevice,
  { table, spec, intervalMs }: PropertySettings,
): Watch {
  const watch = new PropertyWatch(device, propertiesToGet(device.label, table, spec), { intervalMs });
  const mistakes = new Mistakes(node, light);
  watch.on('report', (changes) => {
    mistakes.note(changes);
    send(RED, node, device, changes);
  });
  watch.on('away', (error) => {
    node.warn(inUsersLanguage(RED, error).message);
    light.showConnection(device.state === 'refused' ? 'refused' : 'disconnected');
  });
  watch.on('back', () => light.showConnection(device.state));
  return {
    poll: async () => {
      const answer = await watch.poll();
      mistakes.note(answer);
      return answer;
    },
    close: () => watch.close(),
  };
}

/** What is wrong with which name: the status tells where no name has a value, a warning where others have one. */
class Mistakes {
  /** By name; blank where it has a value. */
  private readonly known = new Map<string, string>();

  constructor(
    private readonly node: Node,
    private readonly light: StatusLight,
  ) {}

  /** Takes an answer to some or all names. What is wrong with one is told again only when it changes. */
  note({ values, errors }: PropertyAnswer): void {
    const names = Object.keys(values);
    for (const name of names) this.known.set(name, '');
    for (const [name, { message }] of Object.entries(errors)) {
      const isNews = this.known.get(name) !== message;
      this.known.set(name, message);
      // Without a value, all of it becomes one error for a Catch node.
      if (isNews && names.length > 0) this.node.warn(`${name}: ${message}`);
    }
    const hasValue = [...this.known.values()].includes('');
    this.light.showWatch(hasValue ? 'connected' : 'failed');
  }
}

/** Errors alone are for a Catch node. */
function send(RED: NodeAPI, node: Node, device: MiioDevice, changes: PropertyAnswer): void {
  const message: Partial<Message> = {};
  try {
    putAnswer(message, device, changes);
    node.send(message);
  } catch (error) {
    node.error(inUsersLanguage(RED, error), message);
  }
}
