/** Each knob that makes a simulated device behave badly. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { lamp, SimulatedDevice } from '../../simulators/home';
import { decodePacket, tokenBytes } from '../../simulators/home/wire';
import { HELLO, nextDrop, Probe } from './home-probe';

describe('a faulty device', () => {
  let device: SimulatedDevice;
  let probe: Probe;

  beforeEach(async () => {
    device = new SimulatedDevice(lamp({ port: 0 }));
    await device.start();
    probe = await Probe.open();
  });

  afterEach(async () => {
    await probe.close();
    await device.stop();
  });

  const toggle = (id: number) => ({ id, method: 'toggle', params: [] });
  const open = (datagram: Buffer) => decodePacket(datagram, tokenBytes(device.token));

  it('loses what comes in: nothing seen, nothing executed', async () => {
    device.faults.lossIn = 1;
    probe.command(device, toggle(1));
    assert.equal(await nextDrop(device), 'loss-in');
    probe.send(HELLO, device);
    assert.equal(await nextDrop(device), 'loss-in');
    assert.deepEqual(device.received, []);
    device.faults.lossIn = 0;
    probe.command(device, toggle(1));
    assert.deepEqual(await probe.answer(device), { id: 1, result: ['ok'] });
  });

  it('loses answers after it has executed', async () => {
    device.faults.lossOut = 1;
    probe.command(device, toggle(1));
    assert.equal(await nextDrop(device), 'loss-out');
    assert.equal(device.get('power'), 'on');
    probe.send(HELLO, device);
    assert.equal(await nextDrop(device), 'loss-out');
    device.faults.lossOut = 0;
    probe.command(device, toggle(2));
    assert.deepEqual(await probe.answer(device), { id: 2, result: ['ok'] });
  });

  it('draws losses from `random`', async () => {
    const drawn = [0.4, 0.5, 0.3];
    device.faults.lossIn = 0.45;
    device.faults.random = () => drawn.shift() ?? 1;
    probe.command(device, toggle(1));
    assert.equal(await nextDrop(device), 'loss-in');
    probe.command(device, toggle(2));
    assert.deepEqual(await probe.answer(device), { id: 2, result: ['ok'] });
    probe.command(device, toggle(3));
    assert.equal(await nextDrop(device), 'loss-in');
  });

  it('works on one command at a time, and answers a hello meanwhile', async () => {
    device.faults.delayMs = 60;
    const begin = performance.now();
    probe.command(device, toggle(1));
    probe.command(device, toggle(2));
    assert.equal((await probe.hello(device)).length, 32);
    assert.deepEqual(device.executed, []);
    assert.deepEqual(await probe.answer(device), { id: 1, result: ['ok'] });
    assert.equal(device.executed.length, 1);
    assert.deepEqual(await probe.answer(device), { id: 2, result: ['ok'] });
    // A timer may fire a fraction of a millisecond early.
    assert.ok(performance.now() - begin >= 118);
  });

  it('drops the repeat of a command that it still works on', async () => {
    device.faults.delayMs = 20;
    probe.command(device, toggle(1));
    probe.command(device, toggle(1));
    assert.equal(await nextDrop(device), 'repeated-id');
    assert.deepEqual(await probe.answer(device), { id: 1, result: ['ok'] });
    assert.equal(device.executed.length, 1);
    assert.equal(device.received.length, 2);
  });

  it('answers twice', async () => {
    device.faults.duplicate = true;
    probe.command(device, toggle(1));
    assert.deepEqual((await probe.next()).datagram, (await probe.next()).datagram);
    assert.equal(device.executed.length, 1);
    const hello = await probe.hello(device);
    assert.deepEqual((await probe.next()).datagram, hello);
  });

  it('swaps two answers', async () => {
    device.faults.reorder = true;
    probe.command(device, toggle(1));
    probe.command(device, toggle(2));
    assert.equal((await probe.answer(device)).id, 2);
    assert.equal((await probe.answer(device)).id, 1);
  });

  it('gives a held answer away after 50 ms when no other follows', async () => {
    device.faults.reorder = true;
    const begin = performance.now();
    probe.command(device, toggle(1));
    assert.equal((await probe.answer(device)).id, 1);
    assert.ok(performance.now() - begin >= 49);
  });

  it('never sends an answer that was held when it was unplugged', async () => {
    device.faults.reorder = true;
    probe.command(device, toggle(1));
    await once(device, 'executed');
    await device.reboot();
    device.faults.reorder = false;
    device.faults.delayMs = 80;
    probe.command(device, toggle(2), { stamp: 0 });
    assert.equal((await probe.answer(device)).id, 2);
  });

  it('answers hello but no command', async () => {
    device.faults.silentCommands = true;
    probe.command(device, toggle(1));
    assert.equal(await nextDrop(device), 'silent');
    assert.equal((await probe.hello(device)).length, 32);
    assert.deepEqual(device.received, [{ id: 1, method: 'toggle' }]);
    assert.deepEqual(device.executed, []);
  });

  it('answers nothing', async () => {
    device.faults.silent = true;
    probe.send(HELLO, device);
    assert.equal(await nextDrop(device), 'silent');
    probe.command(device, toggle(1));
    assert.equal(await nextDrop(device), 'silent');
    assert.deepEqual(device.executed, []);
    device.faults.silent = false;
    probe.command(device, toggle(1));
    assert.deepEqual(await probe.answer(device), { id: 1, result: ['ok'] });
  });

  it('answers under another did', async () => {
    device.faults.replyDid = '18446744073709551615';
    assert.equal((await probe.hello(device)).toString('hex', 4, 12), 'ff'.repeat(8));
    probe.command(device, toggle(1));
    const packet = open((await probe.next()).datagram);
    assert.ok(typeof packet === 'object');
    assert.equal(packet.did, 2n ** 64n - 1n);
  });

  it('takes any stamp when it is lax', async () => {
    device.faults.stampStrict = false;
    probe.command(device, toggle(1), { stamp: 0 });
    assert.equal((await probe.answer(device)).id, 1);
    probe.command(device, toggle(2), { stamp: 2 ** 32 - 1 });
    assert.equal((await probe.answer(device)).id, 2);
  });

  describe('spoils its answer', () => {
    for (const [corrupt, fault] of [
      ['checksum', 'checksum'],
      ['truncate', 'length-mismatch'],
      ['garbage', 'bad-magic'],
      ['otherToken', 'checksum'],
    ] as const) {
      it(`so that it is no packet: ${corrupt}`, async () => {
        Object.assign(device.faults, { corrupt, random: () => 0.5 });
        probe.command(device, toggle(1));
        assert.equal(open((await probe.next()).datagram), fault);
        assert.equal(device.executed.length, 1);
        assert.equal((await probe.hello(device)).length, 32);
      });
    }

    it('so that another token opens it', async () => {
      device.faults.corrupt = 'otherToken';
      probe.command(device, toggle(1));
      const inverted = Buffer.from(tokenBytes(device.token).map((byte) => byte ^ 0xff));
      const packet = decodePacket((await probe.next()).datagram, inverted);
      assert.ok(typeof packet === 'object');
      assert.equal(packet.plaintext.toString(), '{"id":1,"result":["ok"]}');
    });

    it('so that its JSON is cut', async () => {
      device.faults.corrupt = 'json';
      probe.command(device, toggle(1));
      const packet = open((await probe.next()).datagram);
      assert.ok(typeof packet === 'object');
      assert.equal(packet.plaintext.toString(), '{"id":1,"result":["ok"');
    });

    it('so that it is the request', async () => {
      device.faults.corrupt = 'reflect';
      const request = probe.command(device, toggle(1));
      assert.deepEqual((await probe.next()).datagram, request);
    });

    it('so that it has no result', async () => {
      device.faults.corrupt = 'noResult';
      probe.command(device, toggle(1));
      assert.deepEqual(await probe.answer(device), { id: 1 });
    });
  });
});
