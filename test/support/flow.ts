/** Loads nodes into Node-RED's own test runtime. */
import type { EventEmitter } from 'node:events';
import { join } from 'node:path';
import type { Node, NodeInitializer } from 'node-red';
import helper from 'node-red-node-test-helper';

helper.init(require.resolve('node-red'));

export type Received = Record<string, unknown> & { payload?: unknown; _msgid: string };
export interface Caught {
  message: string;
  code?: string;
}
type Credentials = Record<string, Record<string, string>>;
type FlowNode = { id: string; type: string } & Record<string, unknown>;

/** Registers the start and the end of the runtime with mocha; call inside `describe`. */
export function useNodeRed(settings: Record<string, unknown> = {}): void {
  before((done) => {
    helper.settings(settings as never);
    helper.startServer(done);
  });
  afterEach(() => helper.unload());
  after((done) => {
    helper.stopServer(done);
  });
}

/** Loads a flow on one tab; every flow node gets its place, so that Node-RED does not take it for a config node. */
export async function load(nodes: FlowNode[], credentials: Credentials = {}): Promise<void> {
  const placed = nodes.map((node, index) =>
    node.type.endsWith('-device') ? node : { z: 'tab', x: 100, y: 40 * index, wires: [], ...node },
  );
  const types = [...new Set(nodes.map(({ type }) => type))].filter((type) => /^(miio|aliyun)-/.test(type));
  await helper.load(
    types.map(initializer),
    [{ id: 'tab', type: 'tab', label: 'test' }, ...placed] as never,
    credentials as never,
  );
}

function initializer(type: string): NodeInitializer {
  const loaded: { default: NodeInitializer } = require(join(__dirname, '../../nodes', type));
  return loaded.default;
}

export function node(id: string): Node {
  return helper.getNode(id);
}

/** The next message that arrives at a node of type `helper` (or leaves for a catch, complete or status node). */
export function nextMessage(id: string): Promise<Received> {
  return new Promise((resolve) => {
    helper.getNode(id).once('input', (message) => resolve(message as Received));
  });
}

/** The next error that a `catch` node wired to the helper node `id` passes on. */
export async function nextError(id: string): Promise<Caught & { at: Received }> {
  const at = await nextMessage(id);
  return { ...(at.error as Caught), at };
}

interface StatusCall {
  fill?: string;
  shape?: string;
  text?: string;
}

/** The statuses that a node has shown so far. */
export function statuses(id: string): StatusCall[] {
  const spy = helper.getNode(id).status as unknown as { args: [StatusCall][]; thisValues: { id: string }[] };
  return spy.args.filter((_, index) => spy.thisValues[index]?.id === id).map(([status]) => status);
}

/** Resolves when the node shows this status text, or has shown it last. */
export function statusText(id: string, text: string): Promise<void> {
  const target = helper.getNode(id);
  if (statuses(id).at(-1)?.text === text) return Promise.resolve();
  return new Promise((resolve) => {
    (target as unknown as EventEmitter).on('call:status', (call: { args: [StatusCall] }) => {
      if (call.args[0]?.text === text) resolve();
    });
  });
}

export { helper };
