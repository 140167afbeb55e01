/** The watch of a miio-property node: what it sends of its own accord, and what it shows of the device. */
import type { Node, NodeAPI } from 'node-red';
import type { MiioDevice } from '../lib/miio';
import { type PropertyAnswer, PropertyWatch } from '../lib/miio/properties';
import { putAnswer } from './property-answer';
import type { PropertySettings } from './property-settings';
import { propertiesToGet } from './property-table';
import { inUsersLanguage, type Message } from './runtime';
import type { StatusLight } from './status';

/** Begins to watch. Throws for an empty table, and for what the spec has against it. */
export function watchProperties(
  RED: NodeAPI,
  node: Node,
  light: StatusLight,
  device: MiioDevice,
  { table, spec, intervalMs }: PropertySettings,
): PropertyWatch {
  const watch = new PropertyWatch(device, propertiesToGet(device.label, table, spec), { intervalMs });
  watch.on('report', (changes) => send(RED, node, device, changes));
  watch.on('away', (error) => {
    node.warn(inUsersLanguage(RED, error).message);
    light.showConnection(device.state === 'refused' ? 'refused' : 'disconnected');
  });
  watch.on('back', () => light.showConnection(device.state));
  return watch;
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
