/** The flow of every miio-ota test: the node, its config node, a simulated lamp behind them, and a firmware file. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRecord } from '../../nodes/runtime';
import { Home, lamp, type OtaFault, type OtaOptions, type SimulatedDevice } from '../simulators/home';
import { helper, load, node, type Received, useNodeRed } from '../support/flow';

export const FIRMWARE = Buffer.alloc(100_000, 'firmware ');

/** A lamp and a firmware file for each test; call inside `describe`, instead of `useNodeRed`. */
export function useFlashableLamp() {
  useNodeRed();
  let home: Home;
  let device: SimulatedDevice;
  let directory = '';
  /** What has come out of output 2. */
  let progress: Received[] = [];

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'miio-ota-'));
    await writeFile(join(directory, 'firmware.bin'), FIRMWARE);
  });
  const stop = async () => {
    await helper.unload();
    await home.close();
  };
  afterEach(async () => {
    await stop();
    await rm(directory, { recursive: true, force: true });
  });

  return {
    get device() {
      return device;
    },
    get file() {
      return join(directory, 'firmware.bin');
    },
    /** Where the lamp was told to fetch the file. */
    get appUrl(): URL {
      const order = device.executed.find(({ method }) => method === 'miIO.ota');
      assert.ok(isRecord(order?.params));
      return new URL(String(order.params.app_url));
    },
    get progress() {
      return progress;
    },
    /** Ends the flow and unplugs the lamp, so that the test can start others. */
    stop,
    /** Plugs the lamp in and loads a flow: results at `out`, errors at `errors`, ends at `completed`. */
    start: async (
      fields: Record<string, unknown> = {},
      ota: OtaOptions = {},
      fault: OtaFault | null = null,
    ): Promise<void> => {
      home = await Home.start([lamp({ port: 0, ota })]);
      device = home.devices[0] ?? assert.fail('no device');
      device.faults.ota = fault;
      const { port, token } = device;
      const flow = [
        { id: 'lamp', type: 'miio-device', name: 'desk lamp', address: '127.0.0.1', port },
        { id: 'ota', type: 'miio-ota', device: 'lamp', wires: [['out'], ['progress']], ...fields },
        { id: 'out', type: 'helper' },
        { id: 'progress', type: 'helper' },
        { id: 'catch', type: 'catch', wires: [['errors']] },
        { id: 'errors', type: 'helper' },
        { id: 'complete', type: 'complete', scope: ['ota'], wires: [['completed']] },
        { id: 'completed', type: 'helper' },
      ];
      await load(flow, { lamp: { token } });
      progress = [];
      node('progress').on('input', (message) => progress.push(message as Received));
    },
  };
}

export const steps = (messages: Received[]): number[] =>
  messages.map(({ payload }) => (payload as { step: number }).step);
