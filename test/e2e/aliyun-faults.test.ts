/** A cloud that fails all the time, for real programs in real time: nothing that was accepted is lost, nothing ends. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { AliyunDevice } from '../../lib/aliyun';
import { FileStore } from '../../lib/aliyun/outbox';
import { Backoff } from '../../lib/backoff';
import { Cloud, type CloudDevice } from '../simulators/cloud';
import { button, failures, flow, node, say } from '../support/logged-flow';
import { type FlowNode, NodeRed } from '../support/node-red';

const LAMP = {
  productKey: 'a1Faults',
  deviceName: 'lamp-1',
  deviceSecret: '0ddba11c0ffee00decafbad5eedf00d5',
};
const METER = { ...LAMP, deviceName: 'meter-1' };
const MINUTE_MS = 60_000;

describe('a cloud that fails all the time', function () {
  this.timeout(240_000);
  let cloud: Cloud;
  let lamp: CloudDevice;
  let directory: string;
  const ends: (() => Promise<unknown>)[] = [];

  beforeEach(async () => {
    cloud = await Cloud.start({ devices: [LAMP, METER] });
    lamp = cloud.device(LAMP.deviceName);
    directory = mkdtempSync(join(tmpdir(), 'mialink-faults-'));
  });
  afterEach(async () => {
    for (const end of ends.splice(0)) await end();
    await cloud.close();
    rmSync(directory, { recursive: true, force: true });
  });

  /** Stops and starts the broker each second, for a minute; calls `meanwhile` four times a second. */
  async function storm(meanwhile: (n: number) => Promise<void>): Promise<void> {
    const end = performance.now() + MINUTE_MS;
    for (let n = 0; performance.now() < end; n += 1) {
      if (n % 4 === 0) await cloud.stopBroker();
      if (n % 4 === 1) await cloud.startBroker();
      await meanwhile(n);
      await wait(250);
    }
    await cloud.stopBroker();
    await cloud.startBroker();
  }

  let nodeRed: NodeRed;

  async function startNodeRed(): Promise<void> {
    nodeRed = await NodeRed.start();
    ends.push(() => nodeRed.close());
    const ca = join(nodeRed.userDir, 'ca.pem');
    writeFileSync(ca, cloud.ca);
    await nodeRed.deploy(lampFlow(cloud, ca));
  }

  function assertAlive(): void {
    assert.ok(nodeRed.running, 'Node-RED has exited');
    assert.doesNotMatch(nodeRed.log.join('\n'), /uncaught|unhandled/i);
  }

  async function untilConnected(): Promise<void> {
    if (!lamp.online) await once(lamp, 'online');
  }

  it('by a restart each second for a minute: all that an outbox has accepted arrives, Node-RED is alive', async () => {
    const device = new AliyunDevice(
      { ...METER, endpoint: `127.0.0.1:${cloud.tlsPort}`, ca: cloud.ca, timeoutMs: 2_000, uplinkRate: 0 },
      {
        outbox: new FileStore(join(directory, 'outbox')),
        backoffs: { quick: new Backoff(50, 200), slow: new Backoff(50, 200) },
      },
    );
    ends.push(() => device.close());
    device.open();
    await startNodeRed();
    const meter = cloud.device(METER.deviceName);
    const accepted: number[] = [];
    const posts: Promise<unknown>[] = [];
    await storm(async (n) => {
      posts.push(device.postProperties({ n }).then(() => accepted.push(n)));
      await nodeRed.inject('post');
    });
    const from = nodeRed.log.length;
    await Promise.all(posts);
    assert.equal(accepted.length, posts.length, 'none was refused');
    const arrived = () => new Set(meter.posts.map(({ params }) => numberIn(params)));
    for (let got = arrived(); accepted.some((n) => !got.has(n)); got = arrived()) await once(meter, 'post');
    while (device.waiting.kept > 0) await once(device, 'kept');
    assert.ok(meter.connects > 20, `it came back ${meter.connects} times`);

    assertAlive();
    // It may take the restarts for another client, which slows it down.
    if (!lamp.online) await nodeRed.waitForLog(/light.*green dot/, 100_000, from);
    await nodeRed.inject('post');
    await nodeRed.waitForLog(/posted.*"code":200/, 20_000, from);
  });

  it('by refusing it: its light and the error say so, without the secret', async () => {
    cloud.knobs.refuse = 4;
    await startNodeRed();
    await nodeRed.waitForLog(/light.*red ring/);
    const from = nodeRed.log.length;
    await nodeRed.inject('post');
    const failure = await nodeRed.waitForLog(/debug:failed/, 20_000, from);
    assert.match(failure, /AUTH .*CONNACK 4.*DeviceSecret/);
    assert.ok(!nodeRed.log.join('\n').includes(LAMP.deviceSecret));
    assertAlive();
  });

  it('by hostile messages: it answers what is left of them', async () => {
    await startNodeRed();
    await untilConnected();
    const sys = `/sys/${LAMP.productKey}/${LAMP.deviceName}`;
    const deep = '['.repeat(50_000);
    const payloads = [
      '',
      '{',
      'null',
      '[]',
      '{"id":1}',
      `{"id":"1","params":${deep}`,
      Buffer.alloc(1024 * 1024),
    ];
    payloads.push('{"id":"2","params":{"__proto__":{"polluted":1},"a":1},"code":200}');
    for (const path of [
      'thing/service/property/set',
      'thing/service/x',
      'thing/event/property/post_reply',
      'thing/config/push',
      'rrpc/request/1',
      'thing/disable_reply',
    ]) {
      for (const payload of payloads) lamp.publish(`${sys}/${path}`, payload);
    }
    const from = nodeRed.log.length;
    await nodeRed.inject('post');
    await nodeRed.waitForLog(/posted.*"code":200/, 20_000, from);
    assert.deepEqual((await lamp.setProperties({ power: 3 })).code, 200);
    assertAlive();
  });
});

function lampFlow(cloud: Cloud, ca: string): FlowNode[] {
  const { deviceSecret, ...triple } = LAMP;
  const endpoint = `127.0.0.1:${cloud.tlsPort}`;
  const settings = { ...triple, endpoint, ca, timeoutMs: 2_000 };
  return flow(
    { id: 'lamp', type: 'aliyun-device', ...settings, credentials: { deviceSecret } },
    button('post', '{"power": 1}', 'property'),
    node('property', 'aliyun-property', { device: 'lamp', wires: [['text-posted'], ['text-set']] }),
    ...say('posted', '$string(aliyun)'),
    ...say('set', '$string(payload)'),
    node('status', 'status', { scope: ['property'], wires: [['text-light']] }),
    ...say('light', 'status.fill & " " & status.shape & " " & status.text'),
    failures(),
  );
}

function numberIn(params: unknown): number {
  const { n } = params as { n: number | { value: number } };
  return typeof n === 'number' ? n : n.value;
}
