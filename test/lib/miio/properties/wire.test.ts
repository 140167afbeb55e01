/** Properties and actions over real UDP, with devices that were written from the documents alone. */
import assert from 'node:assert/strict';
import { Network } from '../../../../lib/miio';
import { PropertyAccess } from '../../../../lib/miio/properties';
import { parseSpec } from '../../../../lib/miio/spec';
import { lamp, purifier, SimulatedDevice, type SimulatedDeviceOptions } from '../../../simulators/home';
import { because } from '../conversation';
import { Puppet } from '../puppet';
import purifierFile from '../spec/air-purifier.json';
import { properties } from './fake-device';

const withValue = (item: object) => ({ ...item, code: 0, value: 7 });

describe('properties on the wire', () => {
  let simulated: SimulatedDevice;
  let network: Network;

  async function accessTo(options: SimulatedDeviceOptions): Promise<PropertyAccess> {
    simulated = new SimulatedDevice(options);
    await simulated.start();
    const { address, port, token } = simulated;
    return new PropertyAccess(network.device({ name: 'Device', address, port, token }));
  }

  beforeEach(() => {
    network = new Network();
  });

  afterEach(async () => {
    await network.close();
    await simulated.stop();
  });

  it('of a MIoT device are read and set, and its action is carried out', async () => {
    const access = await accessTo(purifier({ port: 0 }));
    const power = { name: 'power', siid: 2, piid: 1, format: 'bool' };
    const humidity = { name: 'humidity', siid: 3, piid: 1 };
    assert.deepEqual((await access.get([humidity, power])).values, { humidity: 45, power: true });
    const { values, errors } = await access.set([
      { property: power, value: false },
      { property: humidity, value: 50 },
    ]);
    assert.deepEqual([values, errors.humidity?.code], [{ power: false }, -4002]);
    assert.equal(simulated.get('2.1'), false);
    assert.deepEqual(await access.action({ siid: 2, aiid: 1 }), { out: [] });
    await assert.rejects(access.action({ siid: 9, aiid: 9 }), because('deviceRefused', /-4003/));
  });

  it('of a device that bears few at once, and has one that spoils all, are read nevertheless', async () => {
    const access = await accessTo(purifier({ port: 0, maxProperties: 3, poison: '3.4', poisonAlone: true }));
    const numbers = [
      [2, 1],
      [2, 5],
      [3, 1],
      [3, 4],
      [3, 7],
    ] as const;
    const wanted = numbers.map(([siid, piid]) => ({ name: `prop.${siid}.${piid}`, siid, piid }));
    for (let time = 0; time < 2; time++) {
      const { values, errors } = await access.get(wanted);
      assert.deepEqual(values, { 'prop.2.1': true, 'prop.2.5': 0, 'prop.3.1': 45, 'prop.3.7': 22.5 });
      assert.deepEqual([Object.keys(errors), errors['prop.3.4']?.code], [['prop.3.4'], -9999]);
    }
  });

  it('are read and set by the names of a spec', async () => {
    const access = await accessTo(purifier({ port: 0 }));
    const spec = parseSpec(purifierFile, 'Purifier');
    const wanted = ['air-purifier:on', 'environment:temperature'];
    assert.deepEqual((await access.get(spec.resolve(wanted, 'read'))).values, {
      'air-purifier:on': true,
      'environment:temperature': 22.5,
    });
    const [property] = spec.resolve(['air-purifier:mode'], 'write');
    assert.ok(property);
    const { values } = await access.set([{ property, value: spec.check(property, 'favorite') }]);
    assert.deepEqual([values, simulated.get('2.5')], [{ 'air-purifier:mode': 2 }, 2]);
  });

  it('of a classic device are read and set', async () => {
    const access = await accessTo(lamp({ port: 0 }));
    const answer = await access.set([
      { property: { name: 'power' }, value: 'on' },
      { property: { name: 'bright' }, value: 500 },
    ]);
    assert.deepEqual([answer.values, answer.errors.bright?.code], [{ power: 'on' }, -5001]);
    const { values } = await access.get([{ name: 'power' }, { name: 'bright' }]);
    assert.deepEqual(values, { power: 'on', bright: 80 });
  });

  it('are not sent when JSON cannot express a value', async () => {
    const access = await accessTo(purifier({ port: 0 }));
    const mode = { name: 'mode', siid: 2, piid: 5 };
    await assert.rejects(access.set([{ property: mode, value: 1n }]), because('paramsInvalid'));
    assert.deepEqual(simulated.received, []);
  });

  it('are set by one datagram where the device is to be sent nothing twice', async () => {
    const puppet = await Puppet.open();
    puppet.onRequest = () => undefined;
    const { port } = puppet;
    const device = network.device({
      address: '127.0.0.1',
      port,
      token: Puppet.token,
      retries: 0,
      timeoutMs: 1_500,
    });
    const changes = [1, 2].map((piid) => ({ property: { name: `p${piid}`, siid: 2, piid }, value: piid }));
    await assert.rejects(device.properties.set(changes), because('tokenRejected'));
    assert.equal(puppet.requests.length, 1);
    await puppet.close();
  });

  it('make the device seem neither away nor of another token when it keeps silent to some of them', async () => {
    const puppet = await Puppet.open();
    puppet.onRequest = (request) => {
      const items: { piid?: unknown }[] = Array.isArray(request.params) ? request.params : [];
      if (items.every(({ piid }) => Number(piid) <= 2)) puppet.result(request, items.map(withValue));
    };
    const { port } = puppet;
    const device = network.device({ address: '127.0.0.1', port, token: Puppet.token, timeoutMs: 2_000 });
    assert.deepEqual((await device.properties.get(properties(2))).errors, {});
    const states: string[] = [];
    device.on('state', (state) => states.push(state));
    for (let time = 0; time < 2; time++) {
      const { values, errors } = await device.properties.get(properties(4));
      assert.deepEqual(values, { p1: 7, p2: 7 });
      assert.deepEqual(Object.keys(errors), ['p3', 'p4']);
      assert.deepEqual([errors.p3?.code, errors.p4?.code], ['TIMEOUT', 'TIMEOUT']);
    }
    assert.deepEqual([states, device.state], [[], 'connected']);
    await puppet.close();
  });

  it('are left alone by a caller who gives up', async () => {
    const access = await accessTo(purifier({ port: 0 }));
    simulated.faults.silentCommands = true;
    const controller = new AbortController();
    const reading = access.get([{ name: 'power', siid: 2, piid: 1 }], { signal: controller.signal });
    simulated.once('command', () => controller.abort());
    await assert.rejects(reading, because('aborted'));
  });
});
