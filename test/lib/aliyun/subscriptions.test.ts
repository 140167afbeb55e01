import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { generate, type Packet, parser } from 'mqtt-packet';
import sinon from 'sinon';
import type { AliyunDevice } from '../../../lib/aliyun';
import { Bench, cutAndBack, settle, sys, untilState } from './bench';

describe('Aliyun subscriptions', () => {
  let bench: Bench;
  let device: AliyunDevice;
  let broker: PlainBroker;

  beforeEach(async () => {
    bench = await Bench.start();
    device = await bench.connectedDevice();
    broker = await PlainBroker.start();
  });
  afterEach(async () => {
    await bench.close();
    await broker.close();
  });

  const settled = () => settle(bench.lamp);

  const topic = `/ota/device/upgrade/${sys.slice('/sys/'.length)}`;

  it('serve a handler registered before connecting, and again after a reconnection', async () => {
    await device.close();
    const fresh = bench.device();
    const payloads: string[] = [];
    fresh.subscribeTo(topic, (payload, where) => payloads.push(`${where} ${payload}`));
    fresh.open();
    await untilState(fresh, 'connected');
    bench.lamp.publish(topic, 'one');
    await settled();
    await cutAndBack(bench.lamp, fresh);
    bench.lamp.publish(topic, 'two');
    await settled();
    assert.deepEqual(payloads, [`${topic} one`, `${topic} two`]);
  });

  it('serve every handler while one is registered, and none afterwards', async () => {
    const [first, second] = [sinon.fake(), sinon.fake()];
    const stopFirst = device.subscribeTo(topic, first);
    const stopSecond = device.subscribeTo(topic, second);
    await once(bench.lamp, 'subscribed');
    bench.lamp.publish(topic, '1');
    await settled();
    stopFirst();
    stopFirst();
    bench.lamp.publish(topic, '2');
    await settled();
    stopSecond();
    await settled();
    bench.lamp.publish(topic, '3');
    await settled();
    assert.deepEqual([first.callCount, second.callCount], [1, 2]);
  });

  it('serve a handler that is registered while the others are being subscribed', async () => {
    await device.close();
    const fresh = bench.device();
    const handler = sinon.fake();
    const registered = once(bench.lamp, 'subscribed').then(() => {
      assert.equal(fresh.state, 'connecting');
      fresh.subscribeTo(topic, handler);
    });
    fresh.open();
    await registered;
    await untilState(fresh, 'connected');
    await settled();
    bench.lamp.publish(topic, 'one');
    await settled();
    assert.equal(handler.callCount, 1);
  });

  it('are acknowledged by answers with their own message ids, and by nothing else', async () => {
    const fresh = bench.device({ transport: 'tcp', endpoint: `127.0.0.1:${broker.port}` });
    fresh.open();
    const [first, second] = [await broker.asked(), await broker.asked()];
    assert.notEqual(first, second);
    for (const id of [first, first, (second % 0xffff) + 1]) broker.grant(id);
    await broker.hasBeenHeard();
    assert.equal(fresh.state, 'connecting');
    broker.grant(second);
    await untilState(fresh, 'connected');
    assert.deepEqual(bench.reports.reasons, []);
  });

  it('count as refused where the answer says nothing of them, and come too late when all is over', async () => {
    const fresh = bench.device({ transport: 'tcp', endpoint: `127.0.0.1:${broker.port}` });
    fresh.open();
    broker.grant(await broker.asked(), Array(9).fill(1));
    broker.grant(await broker.asked());
    await untilState(fresh, 'connected');
    assert.deepEqual(bench.reports.reasons, ['subscriptionRefused']);
    fresh.subscribeTo(topic, () => undefined);
    const late = await broker.asked();
    const closed = fresh.close();
    broker.grant(late, [0x80]);
    await closed;
    assert.deepEqual(bench.reports.reasons, ['subscriptionRefused']);
  });

  it('are refused at once where they are no filters', async () => {
    for (const filter of ['', 'a', '/a/#/b', '/a+', '/a/b#', `/${'x'.repeat(65_535)}`]) {
      const isRefused = { code: 'CONFIG', reason: 'topicInvalid' };
      assert.throws(() => device.subscribeTo(filter, () => undefined), isRefused, filter.slice(0, 9));
    }
    assert.ok(!device.subscriptions.includes('/a+'));
  });

  it('of any number may wait for their answers without a warning of Node', async () => {
    const fresh = bench.device({ transport: 'tcp', endpoint: `127.0.0.1:${broker.port}` });
    const warned = sinon.fake();
    process.on('warning', warned);
    fresh.open();
    for (const _ of [1, 2]) broker.grant(await broker.asked());
    await untilState(fresh, 'connected');
    for (let index = 0; index < 20; index++) fresh.subscribeTo(`${topic}/${index}`, () => undefined);
    await broker.hasBeenHeard();
    process.off('warning', warned);
    assert.equal(warned.callCount, 0);
  });

  it('are left to the cloud where that is chosen: replies, sets and calls of every form arrive', async () => {
    await device.close();
    const fresh = await bench.connectedDevice({ autoSubscribe: true });
    const own = sys.slice('/sys'.length);
    const arrived: string[] = [];
    fresh.onPropertySet('auto', ({ params }) => arrived.push(`set ${JSON.stringify(params)}`));
    fresh.onService('', (call) => {
      arrived.push(`${call.sync ? 'sync' : 'async'} ${call.service}`);
      void fresh.answer(call);
    });
    fresh.rrpc.onCall(({ mid }) => arrived.push(`rrpc ${mid}`), ['user/get']);
    await fresh.postProperties({ power: 1 });
    const call = (service: string) =>
      JSON.stringify({ id: service, version: '1.0', params: {}, method: `thing.service.${service}` });
    const set = { id: '1', version: '1.0', params: { power: 0 }, method: 'thing.service.property.set' };
    bench.lamp.publish(`${sys}/thing/service/property/set`, JSON.stringify(set));
    bench.lamp.publish(`${sys}/thing/service/later`, call('later'));
    bench.lamp.publish(`${sys}/rrpc/request/7`, call('soon'));
    bench.lamp.publish(`/ext/rrpc/8${sys}/thing/service/now`, call('now'));
    bench.lamp.publish(`/ext/rrpc/9${own}/user/get`, 'any bytes');
    await settled();
    assert.deepEqual(arrived.sort(), ['async later', 'rrpc 9', 'set {"power":0}', 'sync now', 'sync soon']);
  });

  it('are warned of when the cloud refuses them', async () => {
    device.subscribeTo('/sys/other/device/x', () => undefined);
    await settled();
    assert.deepEqual(bench.reports.reasons, ['subscriptionRefused']);
    await cutAndBack(bench.lamp, device);
    assert.deepEqual(bench.reports.reasons, ['subscriptionRefused', 'subscriptionRefused']);
  });

  it('are there when the handlers of a connect are called, and those at once when connected', async () => {
    let times = 0;
    const stop = device.onConnect(() => {
      times += 1;
    });
    assert.equal(times, 1);
    await cutAndBack(bench.lamp, device);
    assert.equal(times, 2);
    stop();
    await cutAndBack(bench.lamp, device);
    assert.equal(times, 2);
  });
});

/** Lets everybody in, and grants a SUBSCRIBE when it is told to. */
class PlainBroker {
  private readonly packets = new EventEmitter();
  /** Message ids. */
  private readonly asking: number[] = [];
  private socket: Socket | undefined;
  private readonly server = createServer((socket) => {
    this.socket = socket;
    const reader = parser();
    reader.on('packet', (packet) => this.take(packet));
    socket.on('data', (bytes) => reader.parse(bytes));
    socket.on('error', () => undefined);
  });

  static async start(): Promise<PlainBroker> {
    const broker = new PlainBroker();
    broker.server.listen(0, '127.0.0.1');
    await once(broker.server, 'listening');
    return broker;
  }

  get port(): number {
    const { port } = this.server.address() as AddressInfo;
    return port;
  }

  /** The message id of the next SUBSCRIBE. */
  async asked(): Promise<number> {
    if (this.asking.length === 0) await once(this.packets, 'subscribe');
    return this.asking.shift() ?? 0;
  }

  /** With these codes. */
  grant(messageId: number, granted: number[] = Array(10).fill(1)): void {
    this.say({ cmd: 'suback', messageId, granted });
  }

  /** What was said before has been taken. */
  async hasBeenHeard(): Promise<void> {
    const acknowledged = once(this.packets, 'puback');
    this.say({ cmd: 'publish', topic: 't', payload: '', qos: 1, messageId: 1, dup: false, retain: false });
    await acknowledged;
  }

  async close(): Promise<void> {
    this.server.close();
    await once(this.server, 'close');
  }

  private say(packet: Packet): void {
    this.socket?.write(generate(packet));
  }

  private take(packet: Packet): void {
    if (packet.cmd === 'connect') this.say({ cmd: 'connack', returnCode: 0, sessionPresent: false });
    if (packet.cmd === 'subscribe') this.asking.push(packet.messageId ?? 0);
    this.packets.emit(packet.cmd);
  }
}
