/**
 * One device, many nodes: the config node opens the device for its first user and closes it after its last; a flow
 * node takes the device chosen in its `device` field, and its status follows the device's state. A wrong setting stays
 * wrong until a deploy, which may mend it at another node: after each one those try again that have no device.
 */
import type { Node, NodeAPI } from 'node-red';
import { MialinkError } from '../lib/errors';
import { afterDeploys, onClose } from './runtime';
import type { StatusKey, StatusLight } from './status';

export interface DeviceNode<Device, Credentials extends object = object> extends Node<Credentials> {
  /** The device, open; throws the MialinkError that says which setting is wrong. */
  acquire(user: Node): Device;
  release(user: Node): Promise<void>;
  /** Node-RED forwards an error or status of a config node to the nodes in here. */
  users: Record<string, Node>;
}

/** Gives a config node its `acquire`, `release` and `users`. */
export function shareDevice<Device, Credentials extends object>(
  RED: NodeAPI,
  node: DeviceNode<Device, Credentials>,
  open: () => Device,
  close: (device: Device) => void | Promise<void>,
): void {
  let device: Device | undefined;
  let mistake: MialinkError | undefined;
  const openOnce = () => {
    // A setting that mends itself would give its device to the nodes that ask again, but not to those that listen.
    if (mistake) throw mistake;
    try {
      return open();
    } catch (error) {
      if (error instanceof MialinkError && error.code === 'CONFIG') mistake = error;
      throw error;
    }
  };
  const shut = async () => {
    const last = device;
    device = undefined;
    if (last !== undefined) await close(last);
  };
  node.users = {};
  node.acquire = (user) => {
    device ??= openOnce();
    node.users[user.id] = user;
    return device;
  };
  node.release = async (user) => {
    delete node.users[user.id];
    if (Object.keys(node.users).length === 0) await shut();
  };
  const stopForgetting = afterDeploys(RED, () => {
    mistake = undefined;
  });
  onClose(node, () => {
    stopForgetting();
    return shut();
  });
}

/** What a device tells of its connection. */
interface Connected {
  readonly state: StatusKey;
  on(event: 'state', listener: (state: StatusKey) => void): unknown;
  off(event: 'state', listener: (state: StatusKey) => void): unknown;
}

type Stop = () => void | Promise<void>;

/** The device chosen in a flow node. */
export class ChosenDevice<Device extends Connected> {
  private use: { owner: DeviceNode<Device>; device: Device } | undefined;
  /** What ends with the use of the device. */
  private stops: Stop[] = [];
  /** What a setting has forbidden; the status tells of that, whatever becomes of the device. */
  private readonly refused = new Set<() => unknown>();
  private readonly stopRetrying: () => void;

  constructor(
    private readonly RED: NodeAPI,
    private readonly node: Node,
    private readonly id: string | undefined,
    private readonly light: StatusLight,
  ) {
    this.stopRetrying = afterDeploys(RED, () => {
      const starts = [...this.refused];
      this.refused.clear();
      for (const start of starts) this.orShow(start);
      if (starts.length > 0 && this.use) this.show(this.use.device.state);
    });
  }

  /**
   * Takes the device and calls `start` with it, now or after the deploy that makes it possible. What `start` gives is
   * called when the device is released.
   */
  listen(start: (device: Device) => Stop[]): void {
    this.orShow(() => {
      this.stops.push(...start(this.acquire()));
    });
  }

  /** Takes the device if its settings allow; otherwise the status tells, and every message will. */
  acquireOrShow(): Device | undefined {
    return this.orShow(() => this.acquire());
  }

  /** What `start` gives; where it throws because of a setting, the status tells, and the next deploy tries again. */
  orShow<Value>(start: () => Value): Value | undefined {
    try {
      return start();
    } catch (error) {
      const absent = error instanceof MialinkError && error.reason === 'deviceNotChosen';
      this.light.showConnection(absent ? 'no-device' : 'misconfigured');
      this.refused.add(start);
      return undefined;
    }
  }

  acquire(): Device {
    if (this.use) return this.use.device;
    const owner = this.findOwner();
    const device = owner.acquire(this.node);
    this.use = { owner, device };
    device.on('state', this.show);
    this.show(device.state);
    return device;
  }

  async release(): Promise<void> {
    const { use, stops } = this;
    this.use = undefined;
    this.stops = [];
    this.refused.clear();
    this.stopRetrying();
    use?.device.off('state', this.show);
    await Promise.all(stops.map((stop) => stop()));
    await use?.owner.release(this.node);
  }

  private findOwner(): DeviceNode<Device> {
    const found = this.id ? this.RED.nodes.getNode(this.id) : undefined;
    if (found && 'acquire' in found) return found as DeviceNode<Device>;
    throw new MialinkError('deviceNotChosen', { node: this.node.name || this.node.type });
  }

  private readonly show = (state: StatusKey) => {
    if (this.refused.size === 0) this.light.showConnection(state);
  };
}
