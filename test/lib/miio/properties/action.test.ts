/** The inputs of an action: what may be sent, with a spec and without. */
import assert from 'node:assert/strict';
import { PropertyAccess } from '../../../../lib/miio/properties';
import { parseSpec } from '../../../../lib/miio/spec';
import { because } from '../conversation';
import lampFile from '../spec/lamp.json';
import { FakeDevice } from './fake-device';

describe('the inputs of an action', () => {
  const spec = parseSpec(lampFile, 'Lamp');
  let device: FakeDevice;
  let access: PropertyAccess;

  beforeEach(() => {
    device = new FakeDevice();
    device.methods.set('action', () => ({ code: 0 }));
    access = new PropertyAccess(device);
  });

  it('travel in the form of the LAN when a spec has resolved them', async () => {
    await access.action(spec.resolveAction('light:brightness-up', ['10']));
    assert.deepEqual(device.sent[0]?.params, {
      did: 'action.2.2',
      siid: 2,
      aiid: 2,
      in: [{ piid: 5, value: 10 }],
    });
  });

  const circular: unknown[] = [];
  circular.push(circular);
  const wrong: [string, unknown, RegExp][] = [
    ['bare values', [5], /^Lamp: in of action\.2\.2 must be a list of \{piid, value\}, not \[5\]$/],
    ['an object', { piid: 5, value: 1 }, /not \{"piid":5,"value":1\}$/],
    ['null', null, /not null$/],
    ['an input without a piid', [{ value: 1 }], /not \[\{"value":1\}\]$/],
    ['an input without a value', [{ piid: 5 }], /not \[\{"piid":5\}\]$/],
    ['a circle', circular, /not object$/],
  ];
  for (const [what, inputs, text] of wrong) {
    it(`are refused before they are sent: ${what}`, async () => {
      const action = Reflect.apply(access.action, access, [{ siid: 2, aiid: 2, in: inputs }]);
      await assert.rejects(action, because('settingInvalid', text));
      assert.deepEqual(device.sent, []);
    });
  }

  it('are refused in the form that the spec itself has them', async () => {
    const action = Reflect.apply(access.action, access, [spec.action('light:brightness-up')]);
    await assert.rejects(action, because('settingInvalid'));
  });
});
