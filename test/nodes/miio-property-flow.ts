/** The flow of every miio-property test: the node, its config node, and a simulated device behind them. */
import assert from 'node:assert/strict';
import { Home, type SimulatedDevice, type SimulatedDeviceOptions } from '../simulators/home';
import { type Caught, load, node, type Received, useNodeRed } from '../support/flow';

export const LIGHT_ROWS = [
  { name: 'power', siid: 2, piid: 1 },
  { name: 'bright', siid: '2', piid: '2' },
];

/** Where every flow ends: messages at `out`, errors at `errors`, ends at `completed`. */
export const sinks = [
  { id: 'out', type: 'helper' },
  { id: 'catch', type: 'catch', wires: [['errors']] },
  { id: 'errors', type: 'helper' },
  { id: 'complete', type: 'complete', scope: ['property'], wires: [['completed']] },
  { id: 'completed', type: 'helper' },
];

export function propertyNode(more: Record<string, unknown> = {}) {
  return { id: 'property', type: 'miio-property', device: 'home', mode: 'get', wires: [['out']], ...more };
}

/** A device for each test; call inside `describe`, instead of `useNodeRed`. */
export function useDevice(options: SimulatedDeviceOptions) {
  useNodeRed();
  let home: Home;
  let device: SimulatedDevice;

  beforeEach(async () => {
    home = await Home.start([options]);
    device = home.devices[0] ?? assert.fail('the home has a device');
  });
  afterEach(() => home.close());

  /** Loads a flow of a miio-property node with these fields, its config node and the sinks. */
  const start = (fields: Record<string, unknown>, deviceFields: Record<string, unknown> = {}) =>
    load(
      [
        {
          id: 'home',
          type: 'miio-device',
          name: 'the device',
          address: '127.0.0.1',
          port: device.port,
          ...deviceFields,
        },
        propertyNode(fields),
        ...sinks,
      ],
      { home: { token: device.token } },
    );

  return {
    get device() {
      return device;
    },
    start,
  };
}

/** What comes out for a message. */
export async function answerTo(message: Record<string, unknown>): Promise<Received> {
  const { sink, came } = await send(message);
  assert.equal(sink, 'out', JSON.stringify(came.error));
  return came;
}

/** The error that a message ends in, without a message at the output. */
export async function failureOf(message: Record<string, unknown>): Promise<Caught & { at: Received }> {
  const { sink, came } = await send(message);
  assert.equal(sink, 'errors', JSON.stringify(came.payload));
  return { ...(came.error as Caught), at: came };
}

/** Sends a message to the node, and tells what comes next, and where. */
function send(message: Record<string, unknown>): Promise<{ sink: string; came: Received }> {
  return new Promise((resolve) => {
    const ears = ['out', 'errors'].map((sink) => {
      const hear = (came: unknown) => {
        // A helper node loses other listeners when one ends itself, so that none may stay behind.
        for (const ear of ears) node(ear.sink).removeListener('input', ear.hear);
        resolve({ sink, came: came as Received });
      };
      node(sink).on('input', hear);
      return { sink, hear };
    });
    node('property').receive(message as never);
  });
}
