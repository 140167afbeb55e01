/** What a deploy changes for nodes that it does not restart, and what the status of a node tells until then. */
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import type { Node, NodeAPI } from 'node-red';
import { MialinkError } from '../../lib/errors';
import { ChosenDevice } from '../../nodes/device-sharing';
import { StatusLight } from '../../nodes/status';
import { LAMP, useCloud } from '../support/aliyun';
import { helper, load, nextMessage, node, statusText } from '../support/flow';

const { deviceSecret } = LAMP;
const SECRETS = { first: { deviceSecret }, second: { deviceSecret } };

describe('a setting that clashes with another config node of the same device', () => {
  const bench = useCloud();

  /** Both config nodes are of the lamp. */
  function flow(keepalive: number) {
    const place = { z: 'tab', x: 1, y: 1 };
    return [
      { ...bench.lampNode({ keepalive }), id: 'first' },
      { ...bench.lampNode({ keepalive: 60 }), id: 'second' },
      { ...place, id: 'user', type: 'aliyun-event', device: 'first', event: 'low', wires: [] },
      { ...place, id: 'event', type: 'aliyun-event', device: 'second', event: 'low', wires: [['out']] },
      { ...place, id: 'service', type: 'aliyun-service', device: 'second', wires: [['called']] },
      {
        ...place,
        id: 'topic',
        type: 'aliyun-topic',
        device: 'second',
        subscribe: 'user/get',
        wires: [['got']],
      },
      ...['out', 'called', 'got'].map((id) => ({ ...place, id, type: 'helper', wires: [] })),
    ];
  }

  it('is mended by a deploy of that one: all nodes of this one work, though none was restarted', async () => {
    await load(flow(300), SECRETS);
    await statusText('user', 'aliyun-event.status.connected');
    for (const id of ['event', 'service', 'topic']) {
      await statusText(id, `aliyun-${id}.status.misconfigured`);
    }
    const before = node('service');
    const subscribed = once(bench.lamp, 'subscribed');
    const tab = { id: 'tab', type: 'tab', label: 'test' };
    await helper.setFlows([tab, ...flow(60)] as never, 'nodes' as never);
    await statusText('topic', 'aliyun-topic.status.connected');
    assert.equal(node('service'), before);
    await subscribed;

    const [out, called, got] = [nextMessage('out'), nextMessage('called'), nextMessage('got')];
    node('event').receive({ payload: {} });
    await out;
    bench.lamp.invokeService('blink', { times: 3 }).catch(() => undefined);
    assert.deepEqual((await called).payload, { times: 3 });
    bench.lamp.publish(`/${LAMP.productKey}/${LAMP.deviceName}/user/get`, 'hello');
    assert.equal((await got).payload, 'hello');
    assert.equal(bench.lamp.connects, 2);
  });
});

describe('the status of a node that a setting keeps from its work', () => {
  class Device extends EventEmitter<{ state: ['connecting' | 'connected'] }> {
    state: 'connecting' | 'connected' = 'connecting';
    becomes(state: Device['state']): void {
      this.state = state;
      this.emit('state', state);
    }
  }
  let device: Device;
  let events: EventEmitter;
  let chosen: ChosenDevice<Device>;
  let shown: unknown[];

  beforeEach(() => {
    device = new Device();
    events = new EventEmitter();
    shown = [];
    const owner = { acquire: () => device, release: async () => undefined };
    const RED = { events, nodes: { getNode: () => owner } } as unknown as NodeAPI;
    const user = { type: 'it', status: ({ text }: { text: string }) => shown.push(text) } as unknown as Node;
    chosen = new ChosenDevice(RED, user, 'device', new StatusLight(user));
  });
  afterEach(() => chosen.release());

  it('tells of the setting, whatever becomes of the device, until a deploy has mended it', () => {
    let mended = false;
    chosen.listen(() => {
      if (!mended) throw new MialinkError('queueFull', { device: 'it', waiting: 1 });
      return [];
    });
    device.becomes('connected');
    events.emit('flows:started');
    assert.equal(shown.at(-1), 'it.status.misconfigured');
    mended = true;
    events.emit('flows:started');
    assert.equal(shown.at(-1), 'it.status.connected');
    device.becomes('connecting');
    assert.equal(shown.at(-1), 'it.status.connecting');
  });

  it('tells of it also when another part of the node can work', () => {
    chosen.listen(() => {
      throw new MialinkError('queueFull', { device: 'it', waiting: 1 });
    });
    chosen.listen(() => []);
    device.becomes('connected');
    events.emit('flows:started');
    assert.equal(shown.at(-1), 'it.status.misconfigured');
  });
});
