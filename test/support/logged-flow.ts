/** Parts of a flow whose outcome stands in Node-RED's log, for the tests with a real Node-RED. */
import type { FlowNode } from './node-red';

const TAB: FlowNode = { id: 'tab', type: 'tab', label: 'test' };
const PLACE = { z: 'tab', x: 100, y: 100, wires: [] as string[][] };

/** On one tab, which is added. */
export function flow(...nodes: (FlowNode | FlowNode[])[]): FlowNode[] {
  return [TAB, ...nodes.flat()];
}

/** A node of the tab. */
export function node(id: string, type: string, more: Record<string, unknown> = {}): FlowNode {
  return { ...PLACE, id, type, ...more };
}

/** A button that sends `payload` (JSONata) to `to`. */
export function button(id: string, payload: string, to: string): FlowNode {
  const props = [{ p: 'payload', v: payload, vt: 'jsonata' }];
  return node(id, 'inject', { props, repeat: '', once: false, wires: [[to]] });
}

/** Logs of each message that comes to the node `text-<id>` what the JSONata expression gives. */
export function say(id: string, expression: string): FlowNode[] {
  const rules = [{ t: 'set', p: 'payload', pt: 'msg', to: expression, tot: 'jsonata' }];
  const shown = { active: true, console: true, tosidebar: false, complete: 'payload' };
  return [
    node(`text-${id}`, 'change', { rules, wires: [[`log-${id}`]] }),
    node(`log-${id}`, 'debug', { name: id, ...shown }),
  ];
}

/** Logs each error as `failed … <code> <message>`. */
export function failures(): FlowNode[] {
  return [
    node('catch', 'catch', { scope: null, wires: [['text-failed']] }),
    ...say('failed', 'error.code & " " & error.message'),
  ];
}
