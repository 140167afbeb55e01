/** A real Node-RED survives what a home and a network do to it, and works again when they are back. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Cloud } from '../simulators/cloud';
import { Home, lamp, light, type SimulatedDevice } from '../simulators/home';
import { type FlowNode, NodeRed, type NodeRedVersion } from '../support/node-red';

const TRIPLE = {
  productKey: 'a1SurvivalPk',
  deviceName: 'gateway',
  deviceSecret: '0123456789abcdef0123456789abcdef',
};
const HELLO = Buffer.from(`21310020${'ff'.repeat(28)}`, 'hex');

for (const version of ['4.1', '5.0'] satisfies NodeRedVersion[]) {
  describe(`Node-RED ${version} in a process of its own`, function () {
    this.timeout(120_000);
    let home: Home;
    let device: SimulatedDevice;
    let ceiling: SimulatedDevice;
    let cloud: Cloud;
    let nodeRed: NodeRed;

    before(async () => {
      home = await Home.start([lamp({ port: 0 }), light({ port: 0, ota: {} })]);
      const [first, second] = home.devices;
      assert.ok(first && second);
      device = first;
      ceiling = second;
      cloud = await Cloud.start({ devices: [TRIPLE] });
      nodeRed = await NodeRed.start({ version });
      const ca = join(nodeRed.userDir, 'ca.pem');
      writeFileSync(ca, cloud.ca);
      const firmware = join(nodeRed.userDir, 'firmware.bin');
      writeFileSync(firmware, 'a firmware');
      await device.stop();
      await ceiling.stop();
      await cloud.stopBroker();
      await nodeRed.deploy([...flow(device, cloud, ca), ...ceilingFlow(ceiling, firmware)]);
    });
    after(async () => {
      await nodeRed?.close();
      await cloud?.close();
      await home?.close();
    });
    afterEach(() => {
      assert.ok(nodeRed.running, 'Node-RED has exited');
      assert.doesNotMatch(nodeRed.log.join('\n'), /uncaught|unhandled/i);
    });

    /** The ceiling light is watched, and what happens to it is told. */
    async function assertFollowed(brightness: number): Promise<void> {
      const from = nodeRed.log.length;
      ceiling.set('2.2', brightness);
      const reported = new RegExp(`reported.*"siid":2,"piid":2,"value":${brightness}`);
      await nodeRed.waitForLog(reported, 20_000, from);
      await nodeRed.waitForLog(new RegExp(`watched.*"brightness":${brightness}`), 20_000, from);
    }

    /** Presses an inject button; the first log line of the flow's end that matches. */
    async function press(button: string, expected: RegExp): Promise<string> {
      const from = nodeRed.log.length;
      await nodeRed.inject(button);
      return nodeRed.waitForLog(expected, 20_000, from);
    }

    it('starts with the device absent and the broker away, and says both', async () => {
      await press('read', /failed.*TIMEOUT/);
      await press('post', /failed.*TRANSPORT/);
    });

    it('works when the device has come, without a deploy', async () => {
      await device.start();
      await press('read', /result.*\["off",80\]/);
    });

    it('works when the broker has come, without a deploy', async () => {
      const online = once(cloud.device(TRIPLE.deviceName), 'online');
      await cloud.startBroker();
      await online;
      await press('post', /posted.*200/);
    });

    it('survives a device that dies in mid-command', async () => {
      device.faults.delayMs = 5_000;
      const from = nodeRed.log.length;
      const commanded = once(device, 'command');
      await nodeRed.inject('read');
      await commanded;
      await device.stop();
      await nodeRed.waitForLog(/failed.*TIMEOUT/, 20_000, from);
      device.faults.delayMs = 0;
      await device.start();
      await press('read', /result/);
    });

    it('watches a light when it has come, hears its events, and puts a firmware on it', async () => {
      await press('flash', /failed.*TIMEOUT/);
      await ceiling.start();
      const from = nodeRed.log.length;
      await press('look', /watched.*"brightness":60/);
      await nodeRed.waitForLog(/listens.*subscribed/, 20_000, from);
      await assertFollowed(61);
      await press('flash', /flashed.*"version":"2\.0\.0"/);
    });

    it('survives a light that dies in mid-upgrade', async () => {
      ceiling.faults.ota = 'stuck';
      const from = nodeRed.log.length;
      const downloading = once(ceiling, 'ota');
      await nodeRed.inject('flash');
      await downloading;
      await ceiling.stop();
      await nodeRed.waitForLog(/failed.*TIMEOUT/, 20_000, from);
      // The update's question may have been under way until its end: then the next hello finds the light gone.
      await nodeRed.waitForLog(/listens.*disconnected/, 60_000, from);
      ceiling.faults.ota = null;
      await ceiling.start();
      const back = nodeRed.log.length;
      await press('look', /watched/);
      await nodeRed.waitForLog(/listens.*subscribed/, 20_000, back);
      await assertFollowed(62);
      await press('flash', /flashed.*"version":"2\.0\.0"/);
    });

    it('survives garbage sent to its port, from strangers and in the device’s name', async () => {
      const commanded = once(device, 'command');
      await press('read', /result/);
      const [{ from }] = (await commanded) as [{ from: { port: number } }];
      await sendGarbage(from.port, 0);
      await device.stop();
      await sendGarbage(from.port, device.port);
      await device.start();
      await press('read', /result.*\["off",80\]/);
    });

    it('survives a broker that stops and starts', async () => {
      await cloud.stopBroker();
      await press('post', /failed.*TRANSPORT/);
      const online = once(cloud.device(TRIPLE.deviceName), 'online');
      await cloud.startBroker();
      await online;
      await press('post', /posted.*200/);
    });

    it('survives nonsense from the cloud', async () => {
      const { productKey, deviceName } = TRIPLE;
      const gateway = cloud.device(deviceName);
      for (const payload of ['', '{', '[]', 'null', '{"id":1}', `{"id":"2","params":${'['.repeat(5_000)}}`]) {
        gateway.publish(`/sys/${productKey}/${deviceName}/thing/service/property/set`, payload);
        gateway.publish(`/sys/${productKey}/${deviceName}/thing/event/property/post_reply`, payload);
        gateway.publish(`/ota/device/upgrade/${productKey}/${deviceName}`, payload);
      }
      await press('post', /posted.*200/);
    });
  });
}

/** From `localPort` of the loopback interface; 0: any. */
async function sendGarbage(port: number, localPort: number): Promise<void> {
  const socket = createSocket('udp4');
  socket.bind(localPort, '127.0.0.1');
  await once(socket, 'listening');
  const send = (datagram: Buffer) =>
    new Promise<void>((resolve, reject) => {
      socket.send(datagram, port, '127.0.0.1', (error) => (error ? reject(error) : resolve()));
    });
  for (const length of [0, 1, 31, 32, 33, 48, 1_400]) await send(randomBytes(length));
  for (const length of [32, 48, 64]) {
    const framed = randomBytes(length);
    framed.writeUInt16BE(0x2131, 0);
    framed.writeUInt16BE(length, 2);
    await send(framed);
  }
  await send(HELLO);
  socket.close();
  await once(socket, 'close');
}

const tab = { z: 'tab', x: 100, y: 100, wires: [] as string[][] };
const inject = { ...tab, type: 'inject', props: [], repeat: '', once: false };

function flow(device: SimulatedDevice, cloud: Cloud, ca: string): FlowNode[] {
  const { deviceSecret, ...triple } = TRIPLE;
  return [
    { id: 'tab', type: 'tab', label: 'survival' },
    {
      id: 'lamp',
      type: 'miio-device',
      name: 'the lamp',
      address: device.address,
      port: device.port,
      timeoutMs: 3_000,
      credentials: { token: device.token },
    },
    {
      id: 'cloud',
      type: 'aliyun-device',
      ...triple,
      endpoint: `127.0.0.1:${cloud.tlsPort}`,
      transport: 'tls',
      ca,
      timeoutMs: 2_000,
      credentials: { deviceSecret },
    },
    { ...inject, id: 'read', wires: [['command']] },
    {
      ...tab,
      id: 'command',
      type: 'miio-command',
      device: 'lamp',
      method: 'get_prop',
      params: '["power","bright"]',
      wires: [['text-result']],
    },
    ...say('result', '$string(payload)'),
    { ...inject, id: 'post', wires: [['value']] },
    {
      ...tab,
      id: 'value',
      type: 'change',
      rules: [{ t: 'set', p: 'payload', pt: 'msg', to: '{"LampPower":1}', tot: 'json' }],
      wires: [['property']],
    },
    { ...tab, id: 'property', type: 'aliyun-property', device: 'cloud', wires: [['text-posted'], []] },
    ...say('posted', '$string(aliyun)'),
    { ...tab, id: 'firmware', type: 'aliyun-ota', device: 'cloud', version: '1.0.0', wires: [[], []] },
    { ...tab, id: 'catch', type: 'catch', scope: null, wires: [['text-failed']] },
    ...say('failed', 'error.code & " " & error.message'),
  ];
}

/** A light that is watched, listened to and flashed. */
function ceilingFlow({ address, port, token }: SimulatedDevice, firmware: string): FlowNode[] {
  const device = 'ceiling';
  const brightness = { name: 'brightness', siid: 2, piid: 2 };
  const watch = { mode: 'watch', properties: [brightness], interval: 1 };
  const payload = { props: [{ p: 'payload' }], payload: firmware, payloadType: 'str' };
  return [
    {
      id: device,
      type: 'miio-device',
      name: 'the light',
      address,
      port,
      timeoutMs: 2_000,
      credentials: { token },
    },
    { ...inject, id: 'look', wires: [['watch']] },
    { ...tab, id: 'watch', type: 'miio-property', device, ...watch, wires: [['text-watched']] },
    ...say('watched', '$string(payload)'),
    { ...tab, id: 'event', type: 'miio-event', device, source: 'device', wires: [['text-reported']] },
    ...say('reported', '$string(payload)'),
    { ...tab, id: 'status', type: 'status', scope: ['event'], wires: [['text-listens']] },
    ...say('listens', 'status.text'),
    { ...inject, ...payload, id: 'flash', wires: [['ota']] },
    { ...tab, id: 'ota', type: 'miio-ota', device, timeoutMs: 6_000, wires: [['text-flashed'], []] },
    ...say('flashed', '$string(payload)'),
  ];
}

/** Logs what comes to `text-<id>`. */
function say(id: string, expression: string): FlowNode[] {
  const rule = { t: 'set', p: 'payload', pt: 'msg', to: expression, tot: 'jsonata' };
  const shown = { active: true, console: true, tosidebar: false, complete: 'payload' };
  return [
    { ...tab, id: `text-${id}`, type: 'change', rules: [rule], wires: [[`log-${id}`]] },
    { ...tab, id: `log-${id}`, type: 'debug', name: id, ...shown },
  ];
}
