/** The simulated home: hello, what strict firmware does not listen to, power, and several devices together. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import sinon from 'sinon';
import { Home, hiddenPlug, lamp, purifier, SimulatedDevice } from '../../simulators/home';
import { tokenBytes } from '../../simulators/home/wire';
import { HELLO, nextDrop, Probe } from './home-probe';

const OTHER_TOKEN = tokenBytes('00112233445566778899aabbccddeeff');
const MDID_PROBE = Buffer.from('21310020ffffffffffffffffffffffff4d444944112233445566778800000000', 'hex');

describe('a simulated device', () => {
  let device: SimulatedDevice;
  let probe: Probe;

  const start = async (options = lamp()): Promise<void> => {
    device = new SimulatedDevice({ ...options, port: 0 });
    await device.start();
    probe = await Probe.open();
  };

  /** Passes when the device dropped what was just sent, for this reason, and answered nothing. */
  const assertDropped = async (reason: string): Promise<void> => {
    assert.equal(await nextDrop(device), reason);
    assert.equal((await probe.hello(device)).length, 32);
    assert.deepEqual(device.executed, []);
  };

  afterEach(async () => {
    sinon.restore();
    await probe.close();
    await device.stop();
  });

  describe('says hello', () => {
    it('with its did and clock, its token hidden by ff', async () => {
      await start(lamp({ did: '6604705263', stamp: 49572 }));
      const heard = once(device, 'hello');
      assert.equal(
        (await probe.hello(device)).toString('hex'),
        `213100200000000189abcdef0000c1a4${'ff'.repeat(16)}`,
      );
      assert.deepEqual(Object.keys((await heard)[0]), ['address', 'port']);
    });

    it('with its token hidden by zeros', async () => {
      await start(hiddenPlug());
      assert.equal((await probe.hello(device)).toString('hex', 16), '00'.repeat(16));
    });

    it('with its token, when it discloses it', async () => {
      await start(lamp({ helloToken: 'disclosed' }));
      assert.equal((await probe.hello(device)).toString('hex', 16), device.token);
      device.resetToken(OTHER_TOKEN.toString('hex'));
      assert.equal((await probe.hello(device)).toString('hex', 16), OTHER_TOKEN.toString('hex'));
    });

    it('to an MDID probe as to a plain hello', async () => {
      await start();
      probe.send(MDID_PROBE, device);
      assert.deepEqual((await probe.next()).datagram, await probe.hello(device));
    });

    it('with a clock that runs with real time and wraps at 32 bit', async () => {
      const clock = sinon.useFakeTimers({ toFake: ['performance'] });
      await start(lamp({ stamp: 2 ** 32 - 1 }));
      assert.equal((await probe.hello(device)).readUInt32BE(12), 2 ** 32 - 1);
      clock.tick(2999);
      assert.equal((await probe.hello(device)).readUInt32BE(12), 1);
    });
  });

  describe('does not listen to', () => {
    beforeEach(() => start());

    const valid = { id: 1, method: 'toggle', params: [] };

    it('another token', async () => {
      probe.command(device, valid, { token: OTHER_TOKEN });
      await assertDropped('checksum');
    });

    it('its old token after a reset', async () => {
      const old = tokenBytes(device.token);
      device.resetToken(OTHER_TOKEN.toString('hex'));
      probe.command(device, valid, { token: old });
      await assertDropped('checksum');
    });

    it('the did of another device', async () => {
      probe.command(device, valid, { did: BigInt(device.did) + 2n ** 32n });
      await assertDropped('other-did');
    });

    for (const [what, stamp] of [
      ['older than 60 s', 939],
      ['more than 5 s ahead', 1010],
    ] as const) {
      it(`a stamp ${what}`, async () => {
        probe.command(device, valid, { stamp });
        await assertDropped('stamp');
      });
    }

    for (const [what, json, reason] of [
      ['broken JSON', '{"id":1,"method":"toggle","params":[', 'bad-json'],
      ['an id of 0', '{"id":0,"method":"toggle","params":[]}', 'bad-id'],
      ['an id as text', '{"id":"1","method":"toggle","params":[]}', 'bad-id'],
      ['a request without method', '{"id":1,"result":["ok"]}', 'no-method'],
    ] as const) {
      it(what, async () => {
        probe.command(device, json);
        await assertDropped(reason);
        assert.deepEqual(device.received, []);
      });
    }

    for (const [what, datagram, reason] of [
      ['a few bytes', Buffer.from('!1'), 'too-short'],
      ['another magic', Buffer.alloc(64), 'bad-magic'],
      ['a wrong length', Buffer.concat([HELLO, Buffer.alloc(16)]), 'length-mismatch'],
      ['a header without a command', Buffer.from(`21310020${'00'.repeat(28)}`, 'hex'), 'no-ciphertext'],
      ['half a block', Buffer.from(`21310028${'00'.repeat(36)}`, 'hex'), 'ciphertext-not-multiple-of-16'],
    ] as const) {
      it(what, async () => {
        probe.send(datagram, device);
        await assertDropped(reason);
      });
    }
  });

  it('executes a repeated id once, and remembers 32 of them', async () => {
    await start();
    for (let id = 1; id <= 32; id += 1) {
      probe.command(device, { id, method: 'toggle', params: [] });
      await probe.answer(device);
    }
    probe.command(device, { id: 1, method: 'toggle', params: [] });
    assert.equal(await nextDrop(device), 'repeated-id');
    probe.command(device, { id: 33, method: 'toggle', params: [] });
    assert.deepEqual(await probe.answer(device), { id: 33, result: ['ok'] });
    probe.command(device, { id: 1, method: 'toggle', params: [] });
    assert.deepEqual(await probe.answer(device), { id: 1, result: ['ok'] });
    assert.equal(device.executed.length, 34);
    assert.equal(device.received.length, 35);
  });

  it('tells of each command as it comes in, and of each it has executed', async () => {
    await start();
    const told: unknown[] = [];
    device.on('command', ({ id, method, params }) => told.push(['command', id, method, params]));
    device.on('change', (name, value) => told.push(['change', name, value]));
    device.on('executed', ({ id, method, params }) => told.push(['executed', id, method, params]));
    await probe.ask(device, 'set_power', ['on']);
    await probe.ask(device, 'set_power', ['on']);
    await probe.ask(device, 'fly', []);
    assert.deepEqual(told, [
      ['command', 1, 'set_power', ['on']],
      ['change', 'power', 'on'],
      ['executed', 1, 'set_power', ['on']],
      ['command', 2, 'set_power', ['on']],
      ['executed', 2, 'set_power', ['on']],
      ['command', 3, 'fly', []],
    ]);
  });

  it('takes a stamp near its own over the wrap at 32 bit', async () => {
    await start(lamp({ stamp: 2 ** 32 - 1 }));
    probe.command(device, { id: 5, method: 'toggle', params: [] }, { stamp: 3 });
    assert.deepEqual(await probe.answer(device), { id: 5, result: ['ok'] });
  });

  it('keeps port and values when it is unplugged and plugged in again, but neither clock nor ids', async () => {
    const clock = sinon.useFakeTimers({ toFake: ['performance'] });
    await start();
    const { port } = device;
    await probe.ask(device, 'toggle', []);
    clock.tick(30_000);
    await device.stop();
    await device.stop();
    await device.start();
    await device.start();
    assert.equal(device.port, port);
    assert.equal((await probe.hello(device)).readUInt32BE(12), 1000);
    probe.command(device, { id: 1, method: 'get_prop', params: ['power'] });
    assert.deepEqual(await probe.answer(device), { id: 1, result: ['on'] });
  });

  it('starts its clock at 0 and forgets ids when it reboots', async () => {
    await start();
    await probe.ask(device, 'toggle', []);
    await device.reboot();
    assert.equal((await probe.hello(device)).readUInt32BE(12), 0);
    probe.command(device, { id: 2, method: 'toggle', params: [] }, { stamp: 1001 });
    assert.equal(await nextDrop(device), 'stamp');
    probe.command(device, { id: 1, method: 'toggle', params: [] }, { stamp: 0 });
    assert.deepEqual(await probe.answer(device), { id: 1, result: ['ok'] });
  });

  it('never executes what it worked on when it was unplugged', async () => {
    await start();
    // Long enough for a busy machine to pull the plug in time.
    device.faults.delayMs = 1_000;
    probe.command(device, { id: 1, method: 'toggle', params: [] });
    await once(device, 'command');
    await device.reboot();
    device.faults.delayMs = 1_100;
    probe.command(device, { id: 2, method: 'get_prop', params: ['power'] }, { stamp: 0 });
    assert.deepEqual(await probe.answer(device), { id: 2, result: ['off'] });
    assert.equal(device.executed.length, 1);
  });
});

describe('a simulated home', () => {
  let home: Home;
  let probe: Probe;
  const three = [lamp({ port: 0 }), purifier({ port: 0 }), hiddenPlug({ port: 0, address: '127.0.0.3' })];

  beforeEach(async () => {
    probe = await Probe.open();
  });

  afterEach(async () => {
    await probe.close();
    await home.close();
  });

  it('gives each device an address, a did and a token of its own', async () => {
    home = await Home.start(three);
    for (const of of ['did', 'token', 'port'] as const) {
      assert.equal(new Set(home.devices.map((device) => device[of])).size, 3);
    }
    assert.equal(home.device('300000003').address, '127.0.0.3');
    assert.throws(() => home.device('4'), { message: 'no device 4 in this home' });
  });

  it('lets every device answer a broadcast hello from its own socket', async () => {
    const broadcast = { address: '127.255.255.255', port: await freePort() };
    home = await Home.start(three, { broadcast });
    probe.send(HELLO, broadcast);
    const answers = [await probe.next(), await probe.next(), await probe.next()];
    const expected = home.devices.map(({ address, port, did }) => `${address}:${port} ${did}`);
    const found = answers.map(({ datagram, from }) => `${from} ${datagram.readBigUInt64BE(4)}`);
    assert.deepEqual(found.sort(), expected.sort());
  });

  it('does not reach an unplugged device by broadcast', async () => {
    const broadcast = { address: '127.255.255.255', port: await freePort() };
    home = await Home.start(three, { broadcast });
    await home.device('100000001').stop();
    await home.device('200000002').stop();
    const reached: string[] = [];
    for (const device of home.devices) device.on('hello', () => reached.push(device.did));
    probe.send(HELLO, broadcast);
    assert.equal((await probe.next()).datagram.readBigUInt64BE(4), 300000003n);
    assert.deepEqual(reached, ['300000003']);
  });

  it('says when an address is in use, and leaves nothing open', async () => {
    home = await Home.start([lamp({ port: 0 })]);
    const taken = { address: home.device('100000001').address, port: home.device('100000001').port };
    const free = await freePort();
    const devices = [purifier({ port: free }), hiddenPlug(taken)];
    await assert.rejects(Home.start(devices), { code: 'EADDRINUSE' });
    await assert.rejects(Home.start([purifier({ port: free })], { broadcast: taken }), {
      code: 'EADDRINUSE',
    });
    const again = await Home.start([purifier({ port: free })]);
    await again.close();
  });

  it('refuses a device with a malformed did or token', async () => {
    home = await Home.start([]);
    await assert.rejects(Home.start([lamp({ did: 'lamp' })]), RangeError);
    await assert.rejects(Home.start([lamp({ token: '1234' })]), RangeError);
  });

  it('replaces only the named properties of a ready device', () => {
    assert.deepEqual(lamp({ properties: { power: 'on' } }).properties, { power: 'on', bright: 80, ct: 4000 });
    assert.equal(purifier({ miot: { '3.4': 99 } }).miot?.['2.1'], true);
  });

  /** A port nobody uses at this moment. */
  async function freePort(): Promise<number> {
    const device = new SimulatedDevice(lamp({ port: 0 }));
    await device.start();
    await device.stop();
    return device.port;
  }
});
