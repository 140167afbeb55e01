/** Properties and actions over real UDP, with devices that were written from the documents alone. */
import assert from 'node:assert/strict';
import { Network } from '../../../../lib/miio';
import { PropertyAccess } from '../../../../lib/miio/properties';
import { parseSpec } from '../../../../lib/miio/spec';
import { lamp, purifier, SimulatedDevice, type SimulatedDeviceOptions } from '../../../simulators/home';
import { because } from '../conversation';
import purifierFile from '../spec/air-purifier.json';

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

  it('are left alone by a caller who gives up', async () => {
    const access = await accessTo(purifier({ port: 0 }));
    simulated.faults.silentCommands = true;
    const controller = new AbortController();
    const reading = access.get([{ name: 'power', siid: 2, piid: 1 }], { signal: controller.signal });
    simulated.once('command', () => controller.abort());
    await assert.rejects(reading, because('aborted'));
  });
});
