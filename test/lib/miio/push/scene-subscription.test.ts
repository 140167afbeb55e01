/** The events of a gateway: from the scenes that it is given to those that are taken out of it again. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { inspect } from 'node:util';
import sinon, { type SinonFakeTimers } from 'sinon';
import type { MialinkError } from '../../../../lib/errors';
import {
  PushServer,
  type PushServerOptions,
  type SceneEvent,
  type SceneReport,
  type SceneState,
  SceneSubscription,
} from '../../../../lib/miio/push';
import { gateway, SimulatedDevice, type SimulatedDeviceOptions } from '../../../simulators/home';
import { Refusal } from '../../../simulators/home/methods';
import { Client, passUntil } from '../conversation';
import { CallingGateway, freePort } from './zigbee-gateway';

const CLICK: SceneEvent = {
  sourceDid: 'lumi.158d0001234567',
  sourceModel: 'lumi.sensor_switch.v2',
  event: 'click',
  extra: '[1,13,1,85,[0,1],0,0]',
};
const MOTION: SceneEvent = {
  sourceDid: 'lumi.158d0007654321',
  sourceModel: 'lumi.sensor_motion.v2',
  event: 'motion',
  extra: '[1,1030,1,0,[0,1],0,0]',
};
const ALARM: SceneEvent = {
  sourceDid: '',
  sourceModel: '',
  event: 'alarm_triggering',
  extra: '[1,19,1,111,[0,1],2,0]',
};

describe('the scenes of a gateway', () => {
  let client: Client;
  let device: SimulatedDevice;
  let port: number;
  let server: PushServer;
  let subscription: SceneSubscription;
  let reports: SceneReport[];
  let problems: MialinkError[];

  beforeEach(async () => {
    port = await freePort();
  });
  afterEach(async () => {
    await subscription.close();
    await client.close();
    await device.stop();
  });

  const plugIn = async (options: Partial<SimulatedDeviceOptions> = {}): Promise<void> => {
    device = new SimulatedDevice(gateway({ port: 0, gateway: { pushPort: port, waitMs: 200 }, ...options }));
    await device.start();
  };
  const subscribe = (
    events: SceneEvent[],
    options: PushServerOptions = { bindAddress: '127.0.0.1' },
  ): void => {
    client = new Client(device, { label: 'gateway' });
    client.session.startWatch();
    server = new PushServer({ ...options, port });
    subscription = new SceneSubscription({ session: client.session, label: 'gateway', server, events });
    reports = [];
    problems = [];
    subscription.on('event', (report) => reports.push(report));
    subscription.on('problem', (problem) => problems.push(problem));
    subscription.start();
  };
  const reasons = () => problems.map(({ reason }) => reason);
  const reaches = async (wanted: SceneState): Promise<void> => {
    while (subscription.state !== wanted) await once(subscription, 'state');
  };
  const trigger = async ({ sourceDid, event }: SceneEvent, params: unknown[] = []): Promise<string[]> =>
    (await device.trigger(sourceDid, event, params)).map(({ outcome }) => outcome);

  it('report what happens at the devices behind it', async () => {
    await plugIn();
    subscribe([CLICK, MOTION]);
    await reaches('subscribed');
    assert.deepEqual(await trigger(CLICK, [7]), ['delivered']);
    assert.deepEqual(await trigger(MOTION), ['delivered']);
    const { extra: _, ...click } = CLICK;
    const { extra: __, ...motion } = MOTION;
    assert.deepEqual(reports, [
      { ...click, params: [7] },
      { ...motion, params: [] },
    ]);
    assert.deepEqual(problems, []);
  });

  it('report what happens at the gateway itself', async () => {
    await plugIn();
    subscribe([ALARM]);
    await reaches('subscribed');
    assert.deepEqual(await trigger({ ...ALARM, sourceDid: device.did }), ['delivered']);
    assert.deepEqual(reports, [
      { sourceDid: device.did, sourceModel: 'lumi.gateway.v3', event: 'alarm_triggering', params: [] },
    ]);
  });

  it('call the address of this machine that the gateway reaches', async () => {
    await plugIn();
    subscribe([CLICK], {});
    await reaches('subscribed');
    assert.equal(device.scenes[0]?.ip, '127.0.0.1');
    assert.deepEqual(await trigger(CLICK), ['delivered']);
  });

  it('report a call once that comes again', async () => {
    await plugIn();
    subscribe([CLICK]);
    await reaches('subscribed');
    const [scene] = device.scenes;
    const caller = await CallingGateway.open({ address: '127.0.0.1', port }, device.token);
    for (const id of [1, 1, 2]) await caller.call({ id, method: scene?.method, params: [id] });
    const recorded = caller.packet({ id: 2, method: scene?.method, params: [2] });
    caller.send(recorded);
    await caller.answer();
    await caller.close();
    assert.deepEqual(
      reports.map(({ params }) => params),
      [[1], [2]],
    );
  });

  it('are taken out of the gateway at the end, and the port is free', async () => {
    await plugIn();
    subscribe([CLICK, MOTION]);
    await reaches('subscribed');
    assert.equal(device.scenes.length, 2);
    await subscription.close();
    assert.deepEqual(device.scenes, []);
    const next = createSocket('udp4').bind(port, '127.0.0.1');
    await once(next, 'listening');
    next.close();
  });

  it('of two users of one gateway do not meet', async () => {
    await plugIn();
    subscribe([CLICK]);
    await reaches('subscribed');
    const first = { subscription, reports };
    const { session } = client;
    const other = new SceneSubscription({ session, label: 'gateway', server, events: [CLICK] });
    const heard: SceneReport[] = [];
    other.on('event', (report) => heard.push(report));
    other.start();
    while (other.state !== 'subscribed') await once(other, 'state');
    assert.deepEqual(await trigger(CLICK), ['delivered', 'delivered']);
    assert.deepEqual([heard.length, first.reports.length], [1, 1]);
    await other.close();
    assert.deepEqual(await trigger(CLICK), ['delivered']);
  });

  describe('when something is wrong', () => {
    let clock: SinonFakeTimers;
    beforeEach(() => {
      clock = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    });
    // Ended under the clock that it has begun with: a timer of this clock never rings when it has been taken away.
    afterEach(async () => {
      await passes(subscription.close());
      clock.restore();
    });
    const passes = (happened: Promise<unknown>) => passUntil(clock, happened);
    const minutes = (count: number) => new Promise((resolve) => setTimeout(resolve, count * 60_000));

    it('wait for a gateway that is away, without a word', async () => {
      await plugIn();
      await device.stop();
      subscribe([CLICK]);
      await passes(minutes(3));
      assert.equal(subscription.state, 'sending');
      await device.start();
      await passes(reaches('subscribed'));
      assert.equal(device.scenes.length, 1);
      assert.deepEqual(problems, []);
    });

    it('are sent again to a gateway that was away, under the same names', async () => {
      await plugIn();
      subscribe([CLICK, MOTION]);
      await passes(reaches('subscribed'));
      const [before] = device.scenes;
      await device.stop();
      await passes(minutes(3));
      assert.equal(subscription.state, 'sending');
      await device.start();
      while (device.executed.length < 4) await passes(once(device, 'executed'));
      assert.equal(device.scenes.length, 2);
      assert.equal(device.scenes[0]?.id, before?.id);
    });

    it('are sent once to a gateway that stays', async () => {
      await plugIn();
      subscribe([CLICK]);
      await passes(reaches('subscribed'));
      await passes(minutes(5));
      assert.equal(device.executed.length, 1);
    });

    it('are all taken out of a slow gateway that loses packets', async () => {
      await plugIn({ port: 0 });
      subscribe(Array.from({ length: 30 }, (_, index) => ({ ...CLICK, event: `click${index}` })));
      await passes(reaches('subscribed'));
      device.faults.delayMs = 150;
      device.once('command', () => {
        device.faults.silentCommands = true;
        device.once('command', () => {
          device.faults.silentCommands = false;
        });
      });
      await passes(subscription.close());
      assert.deepEqual(device.scenes, []);
    });

    it('keep nobody waiting for long whose gateway is too slow for them all', async () => {
      await plugIn();
      subscribe(Array.from({ length: 30 }, (_, index) => ({ ...CLICK, event: `click${index}` })));
      await passes(reaches('subscribed'));
      device.faults.delayMs = 1_000;
      const before = clock.now;
      await passes(subscription.close());
      assert.ok(clock.now - before <= 10_500, `${clock.now - before} ms`);
      assert.ok(device.scenes.length < 30);
    });

    it('end at once while the gateway keeps silent', async () => {
      await plugIn();
      device.faults.silentCommands = true;
      subscribe([CLICK]);
      await passes(once(device, 'command'));
      const before = clock.now;
      await passes(subscription.close());
      assert.ok(clock.now - before <= 2_500, 'no longer than one removal waits');
    });

    it('are unsupported where the gateway knows none, and that is told once', async () => {
      await plugIn({ gateway: undefined });
      subscribe([CLICK]);
      await passes(reaches('unsupported'));
      await passes(minutes(15));
      assert.deepEqual(reasons(), ['scenesNotOffered']);
      assert.match(problems[0]?.message ?? '', /^gateway is no gateway with scenes \(-32601/);
    });

    it('say which of them is refused, and are sent again', async () => {
      let bad = MOTION.extra;
      const send_data_frame = (frame: unknown) => {
        if (JSON.stringify(frame).includes(bad)) throw new Refusal(-1, 'bad scene');
        return ['ok'];
      };
      await plugIn({ methods: { send_data_frame } });
      subscribe([CLICK, MOTION]);
      await passes(reaches('refused'));
      await passes(minutes(3));
      assert.deepEqual(
        problems.map(({ message }) => message.split(';')[0]),
        ['gateway refused event 2: -1 bad scene'],
      );
      bad = 'none';
      await passes(reaches('subscribed'));
    });

    it('are told of a port that another program has, once, and come when it is free', async () => {
      await plugIn();
      const other = createSocket('udp4').bind(port, '127.0.0.1');
      await once(other, 'listening');
      try {
        subscribe([CLICK]);
        await passes(once(subscription, 'problem'));
        await passes(minutes(3));
        assert.deepEqual(reasons(), ['pushPortTaken']);
        assert.match(problems[0]?.message ?? '', /^gateway cannot report: port \d+ at 127\.0\.0\.1 is taken/);
        assert.equal(subscription.state, 'portTaken');
      } finally {
        other.close();
      }
      await passes(reaches('subscribed'));
    });

    it('never show the token', async () => {
      await plugIn({ methods: { send_data_frame: () => ['error'] } });
      subscribe([CLICK, ALARM]);
      await passes(once(subscription, 'problem'));
      assert.deepEqual(reasons(), ['answerUnexpected']);
      assert.ok(!inspect(problems, { depth: 9 }).includes(device.token));
    });
  });
});
