/** Reading and setting properties: MIoT ones and classic ones, by the table of the node or by the message. */
import assert from 'node:assert/strict';
import { spy } from 'sinon';
import { network } from '../../nodes/miio-device';
import { lamp, light } from '../simulators/home';
import { helper, load, nextMessage, statuses } from '../support/flow';
import { answerTo, failureOf, LIGHT_ROWS, propertyNode, sinks, useDevice } from './miio-property-flow';

describe('miio-property with a MIoT device', () => {
  const bench = useDevice(light({ port: 0 }));

  it('reads the properties of its table, and keeps the rest of the message', async () => {
    await bench.start({ properties: LIGHT_ROWS });
    const completed = nextMessage('completed');
    const message = await answerTo({ payload: 'go', topic: 'light', req: 7 });
    assert.deepEqual(message.payload, { power: false, bright: 60 });
    assert.deepEqual(message.miio, { address: '127.0.0.1', deviceId: bench.device.did });
    assert.deepEqual([message.topic, message.req], ['light', 7]);
    assert.equal((await completed)._msgid, message._msgid);
    assert.equal(bench.device.executed.length, 1);
    assert.deepEqual(statuses('property').at(-1), {
      fill: 'green',
      shape: 'dot',
      text: 'miio-property.status.done',
    });
  });

  it('reads what the message names where the table is empty', async () => {
    await bench.start({ properties: [] });
    const byPayload = await answerTo({ payload: [{ name: 'power', siid: 2, piid: 1 }] });
    assert.deepEqual(byPayload.payload, { power: false });
    const byProperties = await answerTo({ properties: LIGHT_ROWS, payload: 'go' });
    assert.deepEqual(byProperties.payload, { power: false, bright: 60 });
  });

  it('sets what the payload says, and gives what was set', async () => {
    await bench.start({ mode: 'set', properties: LIGHT_ROWS });
    const message = await answerTo({ payload: { bright: 33 } });
    assert.deepEqual(message.payload, { bright: 33 });
    assert.equal(bench.device.get('2.2'), 33);
    assert.equal(bench.device.get('2.1'), false);
  });

  it('tells the error of one property by its name, beside the values of the others', async () => {
    await bench.start({ properties: [...LIGHT_ROWS, { name: 'gone', siid: 9, piid: 9 }] });
    const { payload, miio } = await answerTo({});
    assert.deepEqual(payload, { power: false, bright: 60 });
    const { errors } = miio as { errors: Record<string, { code: number; message: string }> };
    assert.deepEqual(Object.keys(errors), ['gone']);
    assert.equal(errors.gone?.code, -4003);
    assert.match(errors.gone?.message ?? '', /has no gone/);
  });

  for (const [mode, payload] of [
    ['get', 1],
    ['set', { gone: 1, motion: true }],
  ] as const) {
    it(`fails with DEVICE when every property of a ${mode} failed`, async () => {
      const properties = [
        { name: 'gone', siid: 9, piid: 9 },
        { name: 'motion', siid: mode === 'set' ? 3 : 8, piid: 1 },
      ];
      await bench.start({ mode, properties });
      const { code, message, at } = await failureOf({ payload, topic: 't' });
      assert.equal(code, 'DEVICE');
      assert.match(message, /the device .*-4003/);
      const { errors, ...miio } = at.miio as { errors: Record<string, unknown>; code: number };
      assert.deepEqual(Object.keys(errors), ['gone', 'motion']);
      assert.equal(miio.code, -4003);
      assert.deepEqual([at.payload, at.topic], [payload, 't']);
      assert.equal(statuses('property').at(-1)?.text, 'miio-property.status.failed');
    });
  }

  it('puts the words of a device that refuses everything into msg.miio', async () => {
    bench.device.faults.refuse = { code: -30_001, message: 'not now', times: 9 };
    await bench.start({ properties: LIGHT_ROWS.slice(0, 1) });
    const { code, at } = await failureOf({});
    assert.equal(code, 'DEVICE');
    const { code: refusal, message } = at.miio as { code: number; message: string };
    assert.deepEqual([refusal, message], [-30_001, 'not now']);
  });

  it('names a property that is not in the table, and the nearest that is', async () => {
    await bench.start({ mode: 'set', properties: LIGHT_ROWS });
    const { code, message } = await failureOf({ payload: { brigth: 5 } });
    assert.equal(code, 'CONFIG');
    assert.match(message, /brigth; the nearest that it has: bright/);
    assert.deepEqual(bench.device.received, []);
  });

  it('speaks to the device of the message where none is chosen, and to it only', async () => {
    await load([propertyNode({ device: '', properties: LIGHT_ROWS }), ...sinks]);
    const open = spy(network, 'device');
    assert.equal(statuses('property')[0]?.text, 'miio-property.status.idle');
    const { port, token, did } = bench.device;
    const message = await answerTo({ device: { address: '127.0.0.1', port, token } });
    assert.deepEqual(message.payload, { power: false, bright: 60 });
    assert.deepEqual(message.miio, { address: '127.0.0.1', deviceId: did });
    const [used] = open.returnValues;
    open.restore();
    assert.ok(used);
    await assert.rejects(used.call('get_prop'), { reason: 'closed' }, 'it is given back');
    const { code } = await failureOf({ device: { address: '127.0.0.1', port } });
    assert.equal(code, 'CONFIG');
  });
});

describe('miio-property with an older device', () => {
  const bench = useDevice(
    lamp({ port: 0, methods: { get_scene: () => [4], scene: () => ['ok'], get_volume: () => [7] } }),
  );

  it('reads names by get_prop and a method of its own by itself', async () => {
    const properties = [{ name: 'power' }, { name: 'bright' }, { name: 'volume', method: 'get_volume' }];
    await bench.start({ properties });
    assert.deepEqual((await answerTo({})).payload, { power: 'off', bright: 80, volume: 7 });
    assert.deepEqual(bench.device.executed.map(({ method }) => method).sort(), ['get_prop', 'get_volume']);
  });

  it('reads and sets the names of the payload where the table is empty', async () => {
    await bench.start({});
    assert.deepEqual((await answerTo({ payload: ['power', 'ct'] })).payload, { power: 'off', ct: 4000 });
    await helper.unload();
    await bench.start({ mode: 'set' });
    assert.deepEqual((await answerTo({ payload: { power: 'on', ct: 3000 } })).payload, {
      power: 'on',
      ct: 3000,
    });
    assert.deepEqual([bench.device.get('power'), bench.device.get('ct')], ['on', 3000]);
  });

  it('sets by the method of the row', async () => {
    await bench.start({ mode: 'set', properties: [{ name: 'mood', method: 'scene' }] });
    assert.deepEqual((await answerTo({ payload: { mood: 5 } })).payload, { mood: 5 });
    assert.deepEqual(bench.device.executed.at(-1)?.params, [5]);
  });

  it('says that the device is away, with TIMEOUT', async () => {
    await bench.device.stop();
    await bench.start({ properties: [{ name: 'power' }] }, { timeoutMs: 300 });
    const { code, message } = await failureOf({});
    assert.equal(code, 'TIMEOUT');
    assert.match(message, /the device/);
  });
});
