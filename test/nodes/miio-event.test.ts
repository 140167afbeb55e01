import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { gateway, lamp, light, SimulatedDevice, type SimulatedDeviceOptions } from '../simulators/home';
import {
  helper,
  load,
  nextMessage,
  node,
  type Received,
  statuses,
  statusText,
  useNodeRed,
} from '../support/flow';

/** An address of this machine at which nobody else has port 54321, another run of these tests neither. */
const OUR_ADDRESS = `127.${100 + (process.pid >> 16)}.${(process.pid >> 8) & 255}.${process.pid & 255}`;
const CLICK = {
  sourceDid: 'lumi.158d0001234567',
  sourceModel: 'lumi.sensor_switch.v2',
  event: 'click',
  extra: '[1,13,1,85,[0,1],0,0]',
};

describe('miio-event', () => {
  useNodeRed();
  let device: SimulatedDevice;

  afterEach(async () => {
    await helper.unload();
    await device.stop();
  });

  const plugIn = async (options: SimulatedDeviceOptions): Promise<void> => {
    device = new SimulatedDevice({ ...options, port: 0 });
    await device.start();
  };
  const eventNode = (more: Record<string, unknown> = {}) => ({
    id: 'event',
    type: 'miio-event',
    device: 'device',
    source: 'device',
    wires: [['out']],
    ...more,
  });
  const loadFlow = (...nodes: Parameters<typeof load>[0]) =>
    load(
      [
        {
          id: 'device',
          type: 'miio-device',
          name: 'it',
          address: device.address,
          port: device.port,
          bindAddress: OUR_ADDRESS,
        },
        { id: 'out', type: 'helper' },
        { id: 'more', type: 'helper' },
        { id: 'catch', type: 'catch', wires: [['errors']] },
        { id: 'errors', type: 'helper' },
        ...nodes,
      ],
      { device: { token: device.token } },
    );
  const shows = (status: string, id = 'event') => statusText(id, `miio-event.status.${status}`);
  const warnings = (): string[] => {
    const { args, thisValues } = node('event').warn as unknown as {
      args: [string][];
      thisValues: { id: string }[];
    };
    return args.filter((_, index) => thisValues[index]?.id === 'event').map(([text]) => text);
  };
  /** What the Catch node has passed on, or passes on first. */
  const caught = async (): Promise<{ message?: string; code?: string } | undefined> => {
    const { send } = node('catch') as unknown as {
      send: { args: [{ error?: { message?: string; code?: string } }][]; thisValues: { id: string }[] };
    };
    const passedOn = () => send.args.find((_, index) => send.thisValues[index]?.id === 'catch');
    while (!passedOn()) await once(node('catch'), 'call:send');
    return passedOn()?.[0].error;
  };
  const about = ({ payload, topic, miio }: Received) => ({ payload, topic, miio });

  describe('of a MIoT device', () => {
    it('puts out each new value', async () => {
      await plugIn(light());
      await loadFlow(eventNode());
      await shows('subscribed');
      const out = nextMessage('out');
      device.set('2.1', true);
      const message = await out;
      assert.deepEqual(about(message), {
        payload: { siid: 2, piid: 1, value: true },
        topic: 'prop.2.1',
        miio: { address: device.address, deviceId: device.did },
      });
      assert.ok(message._msgid);
    });

    it('puts out events', async () => {
      await plugIn(light());
      await loadFlow(eventNode());
      await shows('subscribed');
      const out = nextMessage('out');
      device.raise({ siid: 3, eiid: 1, arguments: [{ piid: 1, value: true }] });
      const { payload, topic } = await out;
      assert.deepEqual(payload, { siid: 3, eiid: 1, arguments: [{ piid: 1, value: true }] });
      assert.equal(topic, 'event.3.1');
    });

    it('puts out several values of one report one by one', async () => {
      await plugIn(light());
      await loadFlow(eventNode());
      await shows('subscribed');
      const topics: unknown[] = [];
      const both = new Promise<void>((resolve) => {
        node('out').on('input', (message) => topics.push((message as Received).topic) === 2 && resolve());
      });
      device.report([
        { siid: 2, piid: 2, value: 7 },
        { siid: 2, piid: 3, value: 2700 },
      ]);
      await both;
      assert.deepEqual(topics, ['prop.2.2', 'prop.2.3']);
    });

    it('shares the subscription with another node of the device', async () => {
      await plugIn(light());
      await loadFlow(eventNode(), eventNode({ id: 'second', wires: [['more']] }));
      await Promise.all([shows('subscribed'), shows('subscribed', 'second')]);
      const both = Promise.all([nextMessage('out'), nextMessage('more')]);
      device.set('2.1', true);
      await both;
      assert.equal(device.subscribers.length, 1);
    });

    it('says that a device does not report, and warns once', async () => {
      await plugIn(lamp());
      await loadFlow(eventNode());
      await shows('not-offered');
      assert.deepEqual(statuses('event').at(-1), {
        fill: 'grey',
        shape: 'ring',
        text: 'miio-event.status.not-offered',
      });
      assert.equal(warnings().length, 1);
      assert.match(
        warnings()[0] ?? '',
        /it .*does not report by itself .* miio-property .* scenes as Source/,
      );
    });

    it('waits for a device that is away, and recovers alone', async function () {
      this.timeout(30_000);
      await plugIn(light());
      await device.stop();
      await loadFlow(eventNode());
      await shows('disconnected');
      await device.start();
      await shows('subscribed');
      const out = nextMessage('out');
      device.set('2.1', true);
      await out;
      assert.deepEqual(warnings(), []);
    });

    it('takes its leave when the flow stops', async () => {
      await plugIn(light());
      await loadFlow(eventNode());
      await shows('subscribed');
      const left = once(device, 'executed');
      await helper.unload();
      const [{ method }] = await left;
      assert.equal(method, 'miIO.unsub');
      assert.deepEqual(device.subscribers, []);
    });
  });

  describe('of a gateway', () => {
    const sceneNode = (events: unknown = [CLICK]) => eventNode({ source: 'gateway', events });

    it('puts out what happens at the devices behind it, until the flow stops', async () => {
      await plugIn(gateway());
      await loadFlow(sceneNode());
      await shows('subscribed');
      const out = nextMessage('out');
      const [delivery] = await device.trigger(CLICK.sourceDid, CLICK.event, [1]);
      assert.equal(delivery?.outcome, 'delivered');
      const { extra: _, ...source } = CLICK;
      assert.deepEqual(about(await out), {
        payload: { ...source, params: [1] },
        topic: 'click',
        miio: { address: device.address, deviceId: device.did },
      });
      await helper.unload();
      assert.deepEqual(device.scenes, []);
    });

    it('says that a device knows no scenes, and warns once', async () => {
      await plugIn(lamp());
      await loadFlow(sceneNode());
      await shows('not-offered');
      assert.equal(warnings().length, 1);
      assert.match(
        warnings()[0] ?? '',
        /^it .*is no gateway with scenes .*-32601.*“the device itself” as Source/,
      );
    });

    it('warns when another program has the port, and recovers when it has not', async () => {
      await plugIn(gateway());
      const other = createSocket('udp4').bind(54_321, OUR_ADDRESS);
      await once(other, 'listening');
      try {
        await loadFlow(sceneNode());
        await shows('port-taken');
        assert.deepEqual(statuses('event').at(-1), {
          fill: 'red',
          shape: 'ring',
          text: 'miio-event.status.port-taken',
        });
        while (warnings().length === 0) await once(node('event'), 'call:warn');
        assert.match(warnings()[0] ?? '', /^it .*port 54321 at 127\.[\d.]+ is taken by another program/);
      } finally {
        other.close();
      }
      await shows('subscribed');
    });

    it('tells an incomplete table once, to a Catch node, with its code', async () => {
      await plugIn(gateway());
      await loadFlow(sceneNode([{ ...CLICK, extra: '' }]), {
        id: 'user',
        type: 'miio-command',
        device: 'device',
      });
      assert.equal(statuses('event').at(-1)?.text, 'miio-event.status.misconfigured');
      // Another node of the device sees it answer; this one cannot work all the same.
      await statusText('user', 'miio-command.status.connected');
      assert.equal(statuses('event').at(-1)?.text, 'miio-event.status.misconfigured');
      const error = await caught();
      assert.match(error?.message ?? '', /code of event 1/);
      assert.equal(error?.code, 'CONFIG');
      const { args } = node('event').error as unknown as { args: unknown[] };
      assert.equal(args.length, 1);
    });

    it('tells which event the gateway refuses, and does not call that not offered', async () => {
      const send_data_frame = () => {
        throw Object.assign(new Error('bad scene'), { code: -1 });
      };
      await plugIn({ ...gateway(), methods: { send_data_frame } });
      await loadFlow(sceneNode());
      await shows('event-refused');
      assert.match(warnings()[0] ?? '', /^it .*refused event 1: -1 bad scene; check its did, model and code/);
    });
  });

  it('says that no device is chosen', async () => {
    await plugIn(light());
    await loadFlow(eventNode({ device: '' }));
    await shows('no-device');
    assert.match((await caught())?.message ?? '', /no device/);
  });
});
