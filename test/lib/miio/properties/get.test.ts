/** Reading MIoT properties: what the answers mean. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { PropertyAccess } from '../../../../lib/miio/properties';
import { because } from '../conversation';
import { FakeDevice, properties } from './fake-device';

const POWER = { name: 'power', siid: 2, piid: 1 };
const MODE = { name: 'mode', siid: 2, piid: 2 };

describe('reading MIoT properties', () => {
  let device: FakeDevice;
  let access: PropertyAccess;
  const answered = (result: unknown) => device.methods.set('get_properties', () => result);

  beforeEach(() => {
    device = new FakeDevice().withMiot(2);
    access = new PropertyAccess(device);
  });

  it('gives values by the names of the user', async () => {
    assert.deepEqual(await access.get([MODE, POWER]), { values: { mode: 2, power: 1 }, errors: {} });
    assert.deepEqual(device.sent[0]?.params, [
      { did: 'prop.2.2', siid: 2, piid: 2 },
      { did: 'prop.2.1', siid: 2, piid: 1 },
    ]);
  });

  it('asks nothing when nothing is wanted', async () => {
    assert.deepEqual(await access.get([]), { values: {}, errors: {} });
    assert.deepEqual(device.sent, []);
  });

  it('goes by siid and piid, never by position', async () => {
    answered([
      { did: 'x', siid: '2', piid: '2', code: 0, value: 'two' },
      null,
      { siid: 2, piid: 1, value: 'one' },
    ]);
    assert.deepEqual((await access.get([POWER, MODE])).values, { power: 'one', mode: 'two' });
  });

  it('says which name got lost in the answer', async () => {
    answered([{ siid: 2, piid: 2, code: 0, value: 7 }]);
    const { values, errors } = await access.get([POWER, MODE]);
    assert.deepEqual(values, { mode: 7 });
    assert.equal(errors.power?.code, 'CODEC');
    assert.match(errors.power?.message ?? '', /says nothing of power/);
  });

  it('counts a success without a value as lost', async () => {
    answered([{ siid: 2, piid: 1, code: 0 }]);
    assert.equal((await access.get([POWER])).errors.power?.code, 'CODEC');
  });

  const codes: [number | string, RegExp][] = [
    [-4001, /power cannot be read/],
    [-4002, /power cannot be written/],
    [-4003, /no power/],
    [-4004, /power failed .* state/],
    [-4005, /power does not take this value/],
    [-4006, /power does not take these parameters/],
    [-704220043, /power was refused with -704220043/],
    ['E7', /power was refused with E7/],
  ];
  for (const [code, text] of codes) {
    it(`makes the code ${code} an error of its name`, async () => {
      answered([
        { siid: 2, piid: 1, code },
        { siid: 2, piid: 2, code: 0, value: 3 },
      ]);
      const { values, errors } = await access.get([POWER, MODE]);
      assert.deepEqual(values, { mode: 3 });
      assert.equal(errors.power?.code, code);
      assert.match(errors.power?.message ?? '', text);
    });
  }

  it('cuts a code that is no end of text, or repeats a secret', async () => {
    const codes = ['x'.repeat(60_000), 'no "token":"00112233445566778899aabbccddeeff"'];
    for (const code of codes) {
      answered([{ siid: 2, piid: 1, code }]);
      const { power } = (await access.get([POWER])).errors;
      assert.ok(typeof power?.code === 'string' && power.code.length <= 201, 'the code');
      assert.ok(power.message.length < 300, 'the text');
      assert.doesNotMatch(power.message, /00112233/);
    }
  });

  it('takes null, 0, "" and lists for values', async () => {
    for (const value of [null, 0, '', [], false]) {
      answered([{ siid: 2, piid: 1, code: 0, value }]);
      assert.deepEqual(await access.get([POWER]), { values: { power: value }, errors: {} });
    }
  });

  it('makes 0, 1 and "true" a truth only where the spec says so', async () => {
    for (const [value, truth] of [
      [1, true],
      [0, false],
      ['true', true],
      [true, true],
      [7, 7],
      [null, null],
    ]) {
      answered([{ siid: 2, piid: 1, code: 0, value }]);
      assert.deepEqual((await access.get([POWER])).values, { power: value });
      assert.deepEqual((await access.get([{ ...POWER, format: 'bool' }])).values, { power: truth });
      assert.deepEqual((await access.get([{ ...POWER, format: 'uint8' }])).values, { power: value });
    }
  });

  it('serves two names for one property', async () => {
    assert.deepEqual((await access.get([POWER, { ...POWER, name: 'on' }])).values, { power: 1, on: 1 });
  });

  it('takes any word for a name', async () => {
    const { values } = await access.get([{ ...POWER, name: '__proto__' }, MODE]);
    assert.deepEqual(Object.keys(values), ['__proto__', 'mode']);
    assert.equal(Object.getPrototypeOf(values), Object.prototype);
  });

  it('fails when the answer is none', async () => {
    for (const result of [null, 'ok', 5, {}, ['ok'], [1, 2]]) {
      answered(result);
      await assert.rejects(access.get([POWER]), because('answerUnexpected', /Lamp answered get_properties/));
    }
  });

  it('has a value or an error for every name, whatever is answered', async () => {
    const wanted = properties(3);
    const item = fc.record(
      {
        siid: fc.constantFrom(2, '2', 3, null),
        piid: fc.integer({ min: 0, max: 4 }),
        code: fc.oneof(fc.constantFrom(0, 1, -4004), fc.jsonValue()),
        value: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.array(fc.oneof(item, fc.jsonValue())), fc.jsonValue()), async (result) => {
        answered(result);
        const answer = await new PropertyAccess(device).get(wanted).catch(because('answerUnexpected'));
        if (typeof answer === 'boolean') return assert.ok(answer);
        const names = [...Object.keys(answer.values), ...Object.keys(answer.errors)];
        assert.deepEqual(names.sort(), ['p1', 'p2', 'p3']);
      }),
    );
  });
});
