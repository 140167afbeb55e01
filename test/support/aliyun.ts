/** A simulated cloud beside Node-RED's test runtime, and the nodes that most flows of the Aliyun tests have. */
import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import type { SinonSpy } from 'sinon';
import { Cloud, type CloudDevice } from '../simulators/cloud';
import { helper, load, node, type Received, statuses, useNodeRed } from './flow';

export const LAMP = {
  productKey: 'a1b2c3d4e5f',
  deviceName: 'lamp-1',
  deviceSecret: '0ddba11c0ffee00decafbad5eedf00d5',
};

type FlowNode = Parameters<typeof load>[0][number];

/** Where every flow ends: messages at `out`, errors at `errors`, ends at `completed` of the node `of`. */
export function sinks(of: string): FlowNode[] {
  return [
    { id: 'out', type: 'helper' },
    { id: 'out2', type: 'helper' },
    { id: 'catch', type: 'catch', wires: [['errors']] },
    { id: 'errors', type: 'helper' },
    { id: 'complete', type: 'complete', scope: [of], wires: [['completed']] },
    { id: 'completed', type: 'helper' },
  ];
}

/** The messages that arrive at a node of type `helper` from now on. */
export function collect(id: string): Received[] {
  const messages: Received[] = [];
  node(id).on('input', (message) => messages.push(message as Received));
  return messages;
}

/** The statuses that a node has shown so far, such as `green dot aliyun-event.status.done`. */
export function lights(id: string): string[] {
  return statuses(id).map(({ fill, shape, text }) => `${fill} ${shape} ${text}`);
}

/**
 * A cloud that knows the lamp, for each test; call inside `describe`, instead of `useNodeRed`. After each test
 * everything that left a node is searched for the secret.
 */
export function useCloud() {
  let running: Cloud | undefined;
  const cloud = () => running ?? assert.fail('the cloud runs during a test only');
  beforeEach(async () => {
    running = await Cloud.start({ devices: [LAMP] });
  });
  afterEach(assertNothingSecretLeft);
  useNodeRed();
  afterEach(() => running?.close());

  const lampNode = (more: Record<string, unknown> = {}): FlowNode => {
    const { productKey, deviceName } = LAMP;
    const endpoint = `127.0.0.1:${cloud().tlsPort}`;
    return { id: 'lamp', type: 'aliyun-device', productKey, deviceName, endpoint, ca: cloud().ca, ...more };
  };
  return {
    get cloud(): Cloud {
      return cloud();
    },
    /** As the cloud sees it. */
    get lamp(): CloudDevice {
      return cloud().device(LAMP.deviceName);
    },
    /** The config node; its id is `lamp`. */
    lampNode,
    /** Loads a flow of these nodes and the lamp. */
    load: (nodes: FlowNode[], deviceSecret = LAMP.deviceSecret, lamp = lampNode()) =>
      load([lamp, ...nodes], { lamp: { deviceSecret } }),
  };
}

/** Neither the DeviceSecret nor the signature of a download address is in a message, status, error or log. */
export function assertNothingSecretLeft(): void {
  const node = helper.getNode('out');
  if (!node) return;
  const { send, status, error, warn, log, debug, trace } = node;
  const spies = [send, status, error, warn, log, debug, trace] as unknown as SinonSpy[];
  const seen = inspect(
    spies.map((spy) => spy.args),
    { depth: 12, maxArrayLength: null, maxStringLength: null },
  );
  for (const secret of [LAMP.deviceSecret, 'auth_key=']) {
    assert.ok(!seen.includes(secret), `a node has told ${secret}`);
  }
}
