/**
 * A real Node-RED that takes firmware for one device of the simulated cloud, is killed, and starts anew with the same
 * user directory. Flashing is the test's part: it gets to know what the flow is handed, and presses the flow's buttons.
 * How far the upgrade is, it reads from the disk.
 */
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, statSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cloud, CloudDevice } from '../simulators/cloud';
import { failures, flow, node, say } from './logged-flow';
import { type FlowNode, NodeRed } from './node-red';

/** What a person, or the device that is flashed, makes the flow send to `aliyun-ota`. */
const BUTTONS = {
  download: { operation: 'download', payload: '""' },
  flashing: { operation: 'progress', payload: '{"step": 40, "desc": "flashing"}' },
  flashed: { operation: 'progress', payload: '{"step": 100, "desc": "flashed"}' },
  version: { operation: 'version', payload: '"2.0.0"' },
};

/** What came out of the first output. */
export interface HandedOut {
  file: string;
  version: string;
  repeated?: boolean;
}

export class UpgradingNodeRed {
  /** Where the firmware and the state of its upgrade lie. */
  readonly folder: string;

  /** The device runs 1.0.0. */
  static async start(
    cloud: Cloud,
    device: CloudDevice,
    download: 'auto' | 'manual' = 'auto',
  ): Promise<UpgradingNodeRed> {
    const upgrading = new UpgradingNodeRed(await NodeRed.start(), device);
    const ca = join(upgrading.nodeRed.userDir, 'ca.pem');
    writeFileSync(ca, cloud.ca);
    try {
      await upgrading.nodeRed.deploy(upgradingFlow(cloud, device, ca, download));
    } catch (error) {
      await upgrading.close();
      throw error;
    }
    return upgrading;
  }

  private constructor(
    private nodeRed: NodeRed,
    device: CloudDevice,
  ) {
    const { productKey, deviceName } = device.triple;
    this.folder = join(nodeRed.userDir, 'aliyun-ota', productKey, deviceName);
    // To be watched from the beginning.
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
  }

  /** What the state file holds; undefined when there is none. */
  get record(): { state: string; version?: string; unsent?: unknown } | undefined {
    if (!this.names.includes('default.state')) return undefined;
    return JSON.parse(readFileSync(join(this.folder, 'default.state'), 'utf8'));
  }

  /** Of the files in the folder. */
  get names(): string[] {
    return readdirSync(this.folder);
  }

  get log(): string {
    return this.nodeRed.log.join('\n');
  }

  sizeOf(name: string): number {
    return statSync(join(this.folder, name), { throwIfNoEntry: false })?.size ?? 0;
  }

  /** Until that holds of what is on disk. */
  async untilDisk(holds: () => boolean): Promise<void> {
    const watcher = watch(this.folder);
    watcher.on('error', () => {});
    try {
      while (!holds()) await once(watcher, 'change');
    } finally {
      watcher.close();
    }
  }

  async untilState(state: string): Promise<void> {
    await this.untilDisk(() => this.record?.state === state);
  }

  async press(button: keyof typeof BUTTONS): Promise<void> {
    await this.nodeRed.inject(button);
  }

  /** The firmware that this process has handed out. */
  async handedOut(): Promise<HandedOut> {
    const line = await this.nodeRed.waitForLog(/debug:firmware/);
    return JSON.parse(line.slice(line.indexOf('{')));
  }

  get hasHandedOut(): boolean {
    return /debug:firmware/.test(this.log);
  }

  /** Resolves with the error of the flow that matches. */
  async failure(pattern: RegExp): Promise<string> {
    return this.nodeRed.waitForLog(new RegExp(`debug:failed.*${pattern.source}`));
  }

  /** `kill -9`. */
  async kill(): Promise<void> {
    await this.nodeRed.kill();
  }

  async restart(): Promise<void> {
    this.nodeRed = await NodeRed.start({ userDir: this.nodeRed.userDir });
  }

  async close(): Promise<void> {
    await this.nodeRed.close();
  }
}

function upgradingFlow(cloud: Cloud, device: CloudDevice, ca: string, download: string): FlowNode[] {
  const { deviceSecret, ...triple } = device.triple;
  const endpoint = `127.0.0.1:${cloud.tlsPort}`;
  const buttons = Object.entries(BUTTONS).map(([id, { operation, payload }]) => {
    const props = [
      { p: 'operation', v: operation, vt: 'str' },
      { p: 'payload', v: payload, vt: 'json' },
    ];
    return node(id, 'inject', { props, repeat: '', once: false, wires: [['ota']] });
  });
  return flow(
    {
      id: 'lamp',
      type: 'aliyun-device',
      ...triple,
      endpoint,
      transport: 'tls',
      ca,
      credentials: { deviceSecret },
    },
    buttons,
    node('ota', 'aliyun-ota', { device: 'lamp', version: '1.0.0', download, wires: [['text-firmware'], []] }),
    say('firmware', '$string({"file": payload, "version": aliyun.version, "repeated": aliyun.repeated})'),
    failures(),
  );
}
