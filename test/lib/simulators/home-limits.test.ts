/** What the MCU of a simulated device does not bear, and commands that it refuses for a while. */
import assert from 'node:assert/strict';
import { lamp, purifier, SimulatedDevice } from '../../simulators/home';
import { Probe } from './home-probe';

const ACK_TIMEOUT = { code: -9999, message: 'user ack timeout' };

describe('the limits of a simulated device', () => {
  let device: SimulatedDevice;
  let probe: Probe;

  const start = async (options = lamp()): Promise<void> => {
    device = new SimulatedDevice({ ...options, port: 0 });
    await device.start();
    probe = await Probe.open();
  };
  const item = (name: string, value?: unknown) => {
    const [siid, piid] = name.split('.').map(Number);
    return { did: name, siid, piid, value };
  };

  afterEach(async () => {
    await probe.close();
    await device.stop();
  });

  it('bears so many properties in a request, and answers -9999 to one more', async () => {
    await start(lamp({ maxProperties: 2 }));
    assert.deepEqual(await probe.ask(device, 'get_prop', ['power', 'bright']), ['off', 80]);
    assert.deepEqual(await probe.ask(device, 'get_prop', ['power', 'bright', 'ct']), ACK_TIMEOUT);
    assert.equal(device.executed.length, 1);
  });

  it('counts MIoT properties that are read and that are written', async () => {
    await start(purifier({ maxProperties: 1 }));
    const two = [item('2.1', false), item('2.5', 2)];
    assert.deepEqual(await probe.ask(device, 'get_properties', two), ACK_TIMEOUT);
    assert.deepEqual(await probe.ask(device, 'set_properties', two), ACK_TIMEOUT);
    assert.deepEqual([device.get('2.1'), device.get('2.5')], [true, 0]);
    assert.deepEqual(await probe.ask(device, 'set_properties', [item('2.1', false)]), [
      { did: '2.1', siid: 2, piid: 1, code: 0 },
    ]);
  });

  it('counts the params of other methods as nothing', async () => {
    await start(lamp({ maxProperties: 1 }));
    assert.deepEqual(await probe.ask(device, 'set_power', ['on', 'smooth', 500]), ['ok']);
  });

  it('is spoilt by a poisonous property beside another, not by it alone', async () => {
    await start(purifier({ poison: '3.4' }));
    assert.deepEqual(await probe.ask(device, 'get_properties', [item('2.1'), item('3.4')]), ACK_TIMEOUT);
    assert.deepEqual(await probe.ask(device, 'get_properties', [item('3.4')]), [
      { did: '3.4', siid: 3, piid: 4, code: 0, value: 12 },
    ]);
    const others = await probe.ask(device, 'get_properties', [item('2.1'), item('3.1')]);
    assert.ok(Array.isArray(others));
  });

  it('is spoilt by a classic poisonous property, alone too when told so', async () => {
    await start(lamp({ poison: 'ct', poisonAlone: true }));
    assert.deepEqual(await probe.ask(device, 'get_prop', ['power', 'ct']), ACK_TIMEOUT);
    assert.deepEqual(await probe.ask(device, 'get_prop', ['ct']), ACK_TIMEOUT);
    assert.deepEqual(await probe.ask(device, 'get_prop', ['power', 'bright']), ['off', 80]);
  });

  it('takes a request of just so many bytes, unless it is for the Wi-Fi module', async () => {
    const request = { id: 1, method: 'set_power', params: ['on'] };
    await start(lamp({ mcuBytes: JSON.stringify(request).length }));
    probe.command(device, request);
    assert.deepEqual(await probe.answer(device), { id: 1, result: ['ok'] });
    probe.command(device, { id: 2, method: 'set_power', params: ['off'] });
    assert.deepEqual(await probe.answer(device), { id: 2, error: ACK_TIMEOUT });
    assert.equal(device.get('power'), 'on');
    probe.command(device, { id: 3, method: 'miIO.info', params: ['x'.repeat(100)] });
    assert.ok('result' in (await probe.answer(device)));
  });

  it('keeps the client waiting before -9999, but not for a hello', async () => {
    await start(lamp({ maxProperties: 1, ackTimeoutMs: 60 }));
    const begin = performance.now();
    probe.command(device, { id: 1, method: 'get_prop', params: ['power', 'ct'] });
    assert.equal((await probe.hello(device)).length, 32);
    assert.deepEqual(await probe.answer(device), { id: 1, error: ACK_TIMEOUT });
    // A timer may fire a fraction of a millisecond early.
    assert.ok(performance.now() - begin >= 59);
  });

  it('refuses the next commands with any error, as often as it is told, and executes none of them', async () => {
    await start();
    device.faults.refuse = { code: -30012, message: 'busy.', times: 2 };
    const busy = { code: -30012, message: 'busy.' };
    assert.deepEqual(await probe.ask(device, 'toggle', []), busy);
    assert.deepEqual(await probe.ask(device, 'miIO.info', []), busy);
    assert.deepEqual(await probe.ask(device, 'toggle', []), ['ok']);
    assert.equal(device.get('power'), 'on');
    assert.equal(device.executed.length, 1);
  });
});
