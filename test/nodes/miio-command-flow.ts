/** The flow of every miio-command test: the node, its config node, and a simulated lamp behind them. */
import assert from 'node:assert/strict';
import { Home, lamp, type SimulatedDevice, type SimulatedDeviceOptions } from '../simulators/home';
import { load, useNodeRed } from '../support/flow';

export const WRONG_TOKEN = '00112233445566778899aabbccddeeff';

/** Where every flow ends: messages at `out`, errors at `errors`, ends at `completed`. */
export const sinks = [
  { id: 'out', type: 'helper' },
  { id: 'catch', type: 'catch', wires: [['errors']] },
  { id: 'errors', type: 'helper' },
  { id: 'complete', type: 'complete', scope: ['command'], wires: [['completed']] },
  { id: 'completed', type: 'helper' },
];

export function commandNode(more: Record<string, unknown> = {}) {
  return { id: 'command', type: 'miio-command', device: 'lamp', wires: [['out']], ...more };
}

/** A lamp for each test; call inside `describe`, instead of `useNodeRed`. */
export function useLamp(options: Partial<SimulatedDeviceOptions> = {}) {
  useNodeRed();
  let home: Home;
  let device: SimulatedDevice;

  beforeEach(async () => {
    home = await Home.start([lamp({ port: 0, ...options })]);
    const [first] = home.devices;
    assert.ok(first);
    device = first;
  });
  afterEach(() => home.close());

  function lampNode(more: Record<string, unknown> = {}) {
    return {
      id: 'lamp',
      type: 'miio-device',
      name: 'desk lamp',
      address: '127.0.0.1',
      port: device.port,
      ...more,
    };
  }
  const load_ = (nodes: Parameters<typeof load>[0], token = device.token) => load(nodes, { lamp: { token } });

  return {
    get device() {
      return device;
    },
    /** The config node; its id is `lamp`. */
    lampNode,
    /** Loads a flow of these nodes, with the lamp's token unless another is given. */
    load_,
  };
}
