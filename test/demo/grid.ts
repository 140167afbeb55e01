/** The demo's nodes, each in a column and a row of the tab. */
import type { FlowNode } from '../support/node-red';

export const TAB = 'demo-tab';
const COLUMNS = [160, 370, 580, 810, 1040];
const ROW_HEIGHT = 50;
const LEFT_EDGE = 60;

/** A node of the tab in a column and a row of its grid. */
export function at(column: number, row: number, node: FlowNode): FlowNode {
  return { z: TAB, x: COLUMNS[column], y: 40 + row * ROW_HEIGHT, wires: [], ...node };
}

export function inject(id: string, name: string, repeat: string): FlowNode {
  return { id, type: 'inject', name, props: [], repeat, once: true, onceDelay: 1 };
}

export function change(
  id: string,
  name: string,
  ...rules: [property: string, expression: string][]
): FlowNode {
  const toRule = ([p, to]: [string, string]) => ({ t: 'set', p, pt: 'msg', to, tot: 'jsonata' });
  return { id, type: 'change', name, rules: rules.map(toRule) };
}

export function debug(id: string, name: string, complete = 'payload', tosidebar = true): FlowNode {
  return {
    id,
    type: 'debug',
    name,
    active: true,
    tosidebar,
    complete,
    targetType: complete === 'true' ? 'full' : 'msg',
  };
}

/** A heading; its left edge stands above the nodes, whatever its length. */
export function comment(row: number, id: string, name: string): FlowNode {
  const halfWidth = 30 + name.length * 3.6;
  return { ...at(0, row, { id, type: 'comment', name, info: '' }), x: LEFT_EDGE + halfWidth };
}

/** The end of a wire that goes on elsewhere on the tab. */
export function linkOut(id: string, name: string, to: string): FlowNode {
  return { id, type: 'link out', name, mode: 'link', links: [to] };
}

export function linkIn(id: string, name: string, ...from: string[]): FlowNode {
  return { id, type: 'link in', name, links: from };
}
