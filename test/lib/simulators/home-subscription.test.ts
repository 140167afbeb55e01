/** The local MIoT subscription of a simulated device: who may subscribe, what subscribers hear, and for how long. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { lamp, light, purifier, SimulatedDevice } from '../../simulators/home';
import vectors from '../../vectors/miio.json';
import { nextDrop, Probe } from './home-probe';

const VIRTUAL_DID = '1234605616436508552';
const MDID_PROBE = Buffer.from('21310020ffffffffffffffffffffffff4d444944112233445566778800000000', 'hex');
const SUBSCRIBE = { version: '2.0', did: VIRTUAL_DID, update_ts: 1700000000, sub_method: '.' };
const INVALID = { code: -32602, message: 'Invalid param.' };
const NOT_FOUND = { code: -32601, message: 'Method not found.' };
/** So that a test does not wait for a second. */
const QUICK = { type: 1, repeatMs: 30 };

describe('the local subscription of a simulated device', () => {
  let device: SimulatedDevice;
  let probe: Probe;

  const start = async (options = light()): Promise<void> => {
    device = new SimulatedDevice({ ...options, port: 0 });
    await device.start();
    probe = await Probe.open();
  };
  const ping = async (by = probe): Promise<Buffer> => {
    by.send(MDID_PROBE, device);
    return (await by.next()).datagram;
  };
  const subscribe = async (by = probe): Promise<void> => {
    await ping(by);
    assert.deepEqual(await by.ask(device, 'miIO.sub', SUBSCRIBE), { code: 0 });
  };
  /** An answer to `id`, sent to the device. */
  const reply = (id: unknown, result: unknown = { code: 0 }, by = probe) =>
    by.command(device, { id, result });

  afterEach(async () => {
    await probe.close();
    await device.stop();
  });

  describe('answers an MDID probe', () => {
    it('with the golden MSUB block', async () => {
      const golden = vectors.handshake.find(({ name }) => name === 'reply-msub');
      assert.ok(golden);
      await start(light({ did: String(0x15c6a0d1), stamp: 5000 }));
      await ping();
      probe.command(device, { id: 1, method: 'miIO.sub', params: SUBSCRIBE }, { stamp: 5000 });
      assert.deepEqual(await probe.answer(device), { id: 1, result: { code: 0 } });
      assert.equal((await ping()).toString('hex'), golden.packetHex);
    });

    it('with a sub_ts of 0 before the subscription and after its end', async () => {
      await start(light({ subscription: { type: 4 } }));
      const none = '4d5355420000000050554204fe000000';
      assert.equal((await ping()).toString('hex', 16), none);
      await subscribe();
      assert.notEqual((await ping()).toString('hex', 16), none);
      assert.deepEqual(await probe.ask(device, 'miIO.unsub', SUBSCRIBE), { code: 0 });
      assert.equal((await ping()).toString('hex', 16), none);
    });

    it('as a plain hello when its end is not zeros, and a plain hello with no token', async () => {
      await start();
      const malformed = Buffer.from(MDID_PROBE);
      malformed[31] = 1;
      probe.send(malformed, device);
      assert.equal((await probe.next()).datagram.toString('hex', 16), 'ff'.repeat(16));
      assert.equal((await probe.hello(device)).toString('hex', 16), 'ff'.repeat(16));
    });
  });

  describe('refuses', () => {
    for (const [what, params] of [
      ['another version', { ...SUBSCRIBE, version: '1.0' }],
      ['a did as a number', { ...SUBSCRIBE, did: 1234 }],
      ['a did that is no decimal number', { ...SUBSCRIBE, did: '0x12' }],
      ['a did that has not probed', { ...SUBSCRIBE, did: '99' }],
      ['an update_ts of 0', { ...SUBSCRIBE, update_ts: 0 }],
      ['an update_ts in fractions', { ...SUBSCRIBE, update_ts: 1.5 }],
      ['an update_ts above 32 bit', { ...SUBSCRIBE, update_ts: 2 ** 32 }],
      ['an update_ts as text', { ...SUBSCRIBE, update_ts: '1700000000' }],
      ['another sub_method', { ...SUBSCRIBE, sub_method: '*' }],
      ['a field too much', { ...SUBSCRIBE, extra: 1 }],
      ['a list', [SUBSCRIBE]],
    ] as const) {
      it(`${what}, in miIO.sub and miIO.unsub`, async () => {
        await start();
        await ping();
        assert.deepEqual(await probe.ask(device, 'miIO.sub', params), INVALID);
        assert.deepEqual(await probe.ask(device, 'miIO.unsub', params), INVALID);
        assert.deepEqual(device.subscribers, []);
      });
    }

    it('everybody, when its type is not for local clients or it has no subscription', async () => {
      await start(light({ subscription: { type: 2 } }));
      assert.equal((await ping()).readUInt8(27), 2);
      assert.deepEqual(await probe.ask(device, 'miIO.sub', SUBSCRIBE), NOT_FOUND);
      await device.stop();
      device = new SimulatedDevice(purifier({ port: 0 }));
      await device.start();
      assert.equal((await ping()).toString('hex', 16), 'ff'.repeat(16));
      assert.deepEqual(await probe.ask(device, 'miIO.sub', SUBSCRIBE), NOT_FOUND);
    });
  });

  describe('tells its subscribers', () => {
    it('of a value set by hand', async () => {
      await start();
      await subscribe();
      device.set('3.1', true);
      assert.deepEqual(await probe.answer(device), {
        id: 1,
        method: 'properties_changed',
        params: [{ did: device.did, siid: 3, piid: 1, value: true }],
      });
    });

    it('of a value set by a command, once, and not of one that stays', async () => {
      await start();
      await subscribe();
      const items = [
        { did: 'a', siid: 2, piid: 2, value: 30 },
        { did: 'b', siid: 2, piid: 3, value: 4000 },
      ];
      probe.command(device, { id: 77, method: 'set_properties', params: items });
      const messages = [await probe.answer(device), await probe.answer(device)];
      const told = messages.find(({ method }) => method === 'properties_changed');
      assert.deepEqual(told?.params, [{ did: device.did, siid: 2, piid: 2, value: 30 }]);
      assert.ok(messages.some(({ id }) => id === 77));
    });

    it('of what a test reports and raises', async () => {
      await start();
      await subscribe();
      device.report([
        { siid: 2, piid: 1, value: 'nonsense' },
        { siid: 9, piid: 9, value: null },
      ]);
      device.raise({ siid: 3, eiid: 1, arguments: [{ piid: 1, value: true }] });
      assert.deepEqual(await probe.answer(device), {
        id: 1,
        method: 'properties_changed',
        params: [
          { did: device.did, siid: 2, piid: 1, value: 'nonsense' },
          { did: device.did, siid: 9, piid: 9, value: null },
        ],
      });
      assert.deepEqual(await probe.answer(device), {
        id: 2,
        method: 'event_occured',
        params: { did: device.did, siid: 3, eiid: 1, arguments: [{ piid: 1, value: true }] },
      });
      assert.equal(device.get('2.1'), false);
    });

    it('at the place that the last probe came from', async () => {
      await start();
      const other = await Probe.open();
      await subscribe();
      await ping(other);
      device.set('2.1', true);
      assert.equal((await other.answer(device)).method, 'properties_changed');
      await other.close();
    });

    it('not when they have only probed, nor of a classic property', async () => {
      await start({ ...lamp(), subscription: QUICK });
      await ping();
      device.report([{ siid: 2, piid: 1, value: true }]);
      await subscribe();
      device.set('power', 'on');
      device.raise({ siid: 3, eiid: 1, arguments: [] });
      assert.equal((await probe.answer(device)).method, 'event_occured');
    });

    it('nothing while it is silent', async () => {
      await start();
      await subscribe();
      device.faults.silent = true;
      const dropped = nextDrop(device);
      device.set('2.1', true);
      assert.equal(await dropped, 'silent');
    });
  });

  describe('repeats a message', () => {
    it('three times, each the same, a little apart', async () => {
      await start(light({ subscription: QUICK }));
      await subscribe();
      const begin = performance.now();
      device.set('2.1', true);
      const first = await probe.answer(device);
      for (let repeat = 1; repeat <= 3; repeat += 1) assert.deepEqual(await probe.answer(device), first);
      assert.ok(performance.now() - begin >= 3 * QUICK.repeatMs - 1);
      // Had there been a fourth repeat, it would come before this one.
      await new Promise((resolve) => setTimeout(resolve, 2 * QUICK.repeatMs));
      device.raise({ siid: 3, eiid: 1, arguments: [] });
      assert.equal((await probe.answer(device)).id, 2);
    });

    it('until it is acknowledged', async () => {
      await start(light({ subscription: QUICK }));
      await subscribe();
      device.set('2.1', true);
      const { id } = await probe.answer(device);
      await probe.answer(device);
      const acknowledged = once(device, 'acknowledged');
      reply(id);
      assert.deepEqual(await acknowledged, [{ id: 1, did: VIRTUAL_DID }]);
      await new Promise((resolve) => setTimeout(resolve, 2 * QUICK.repeatMs));
      device.raise({ siid: 3, eiid: 1, arguments: [] });
      assert.equal((await probe.answer(device)).id, 2);
    });

    for (const [what, result] of [
      ['a result that is no object', 0],
      ['another code', { code: -1 }],
    ] as const) {
      it(`when the acknowledgement has ${what}`, async () => {
        await start(light({ subscription: QUICK }));
        await subscribe();
        device.set('2.1', true);
        const first = await probe.answer(device);
        reply(first.id, result);
        assert.equal(await nextDrop(device), 'bad-acknowledgement');
        assert.deepEqual(await probe.answer(device), first);
      });
    }

    it('when the acknowledgement is of another id, or comes from elsewhere', async () => {
      await start(light({ subscription: QUICK }));
      const other = await Probe.open();
      await subscribe();
      device.set('2.1', true);
      const first = await probe.answer(device);
      reply(2);
      assert.equal(await nextDrop(device), 'unexpected-acknowledgement');
      reply('1');
      assert.equal(await nextDrop(device), 'unexpected-acknowledgement');
      reply(1, { code: 0 }, other);
      assert.equal(await nextDrop(device), 'unexpected-acknowledgement');
      assert.deepEqual(await probe.answer(device), first);
      await other.close();
    });
  });

  it('ends with miIO.unsub, for the messages under way too', async () => {
    await start(light({ subscription: QUICK }));
    await subscribe();
    device.set('2.1', true);
    await probe.answer(device);
    assert.deepEqual(await probe.ask(device, 'miIO.unsub', SUBSCRIBE), { code: 0 });
    assert.deepEqual(device.subscribers, []);
    device.set('2.1', false);
    await new Promise((resolve) => setTimeout(resolve, 2 * QUICK.repeatMs));
    assert.equal((await probe.hello(device)).length, 32);
  });

  it('is forgotten in a reboot, with the messages under way', async () => {
    await start(light({ subscription: QUICK }));
    await subscribe();
    assert.deepEqual(
      device.subscribers.map(({ did, updateTs, address }) => ({ did, updateTs, address })),
      [{ did: VIRTUAL_DID, updateTs: 1700000000, address: '127.0.0.1' }],
    );
    await device.reboot();
    assert.deepEqual(device.subscribers, []);
    assert.equal((await ping()).readUInt32BE(20), 0);
    device.faults.stampStrict = false;
    await subscribe();
    device.set('2.1', true);
    await probe.answer(device);
    await device.reboot();
    await subscribe();
    await new Promise((resolve) => setTimeout(resolve, 2 * QUICK.repeatMs));
    assert.equal((await probe.hello(device)).length, 32);
  });
});
