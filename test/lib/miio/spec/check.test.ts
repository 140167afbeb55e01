/** Values: what a flow has at hand becomes what the device takes, or is refused before anything is sent. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { MialinkError } from '../../../../lib/errors';
import { parseSpec } from '../../../../lib/miio/spec';
import { because } from '../conversation';
import purifierFile from './air-purifier.json';
import lampFile from './lamp.json';

const lamp = parseSpec(lampFile, 'Lamp');
const purifier = parseSpec(purifierFile, 'Purifier');

describe('a value that is checked by a spec', () => {
  const taken: [string, unknown, unknown][] = [
    ['light-2:on', true, true],
    ['light-2:on', 1, true],
    ['light-2:on', 'true', true],
    ['light-2:on', ' ON ', true],
    ['light-2:on', 0, false],
    ['light-2:on', '0', false],
    ['light-2:on', 'off', false],
    ['light:brightness', 1, 1],
    ['light:brightness', 100, 100],
    ['light:brightness', ' 80 ', 80],
    ['light:brightness', 80.0, 80],
    ['light:brightness', '8e1', 80],
    ['light:brightness-delta', '-5', -5],
    ['light:color-temperature', 2700, 2700],
    ['light:color-temperature', 6500, 6500],
    ['light:mode', 1, 1],
    ['light:mode', '1', 1],
    ['light:mode', ' night ', 1],
    ['light:mode', 2, 2],
    ['light:mode', 3, 3],
  ];
  for (const [name, value, expected] of taken) {
    it(`is taken: ${name} ${JSON.stringify(value)}`, () => assert.equal(lamp.check(name, value), expected));
  }

  const refused: [string, unknown, RegExp][] = [
    ['light-2:on', 2, /light-2:on must be true or false, not 2$/],
    ['light-2:on', 'yes please', /not "yes please"$/],
    ['light-2:on', null, /not null$/],
    ['light-2:on', undefined, /not undefined$/],
    ['light:brightness', 0, /^Lamp: light:brightness must be a whole number from 1 to 100, not 0$/],
    ['light:brightness', 101, /not 101$/],
    ['light:brightness', 50.5, /not 50\.5$/],
    ['light:brightness', '', /not ""$/],
    ['light:brightness', '0x10', /not "0x10"$/],
    ['light:brightness', Number.NaN, /1 to 100/],
    ['light:brightness', Number.POSITIVE_INFINITY, /1 to 100/],
    ['light:brightness', true, /not true$/],
    ['light:brightness', [50], /not \[50\]$/],
    ['light:brightness', 5n, /not bigint$/],
    ['light:brightness', 'x'.repeat(1_000), /not "x{39}$/],
    ['light:color-temperature', 4050, /a whole number from 2700 to 6500 in steps of 100, not 4050$/],
    ['light:mode', 5, /must be one of 0 \(Day\), 1 \(Night\), 2, 3 \(Scene\), 4 \(Scene\), not 5$/],
    ['light:mode', 'scene', /3 \(Scene\), 4 \(Scene\), not "scene"$/],
    ['light:mode', '', /not ""$/],
    ['light:mode', true, /not true$/],
  ];
  for (const [name, value, text] of refused) {
    const shown = typeof value === 'bigint' ? 'a BigInt' : JSON.stringify(value)?.slice(0, 30);
    it(`is refused: ${name} ${shown ?? String(value)}`, () => {
      assert.throws(() => lamp.check(name, value), because('specValueInvalid', text));
      assert.throws(() => lamp.check(name, value), { code: 'CONFIG' });
    });
  }

  it('keeps to steps that are fractions, without their noise', () => {
    assert.equal(purifier.check('air-purifier:target-humidity', 45.5), 45.5);
    assert.equal(purifier.check('air-purifier:target-humidity', '30'), 30);
    assert.throws(
      () => purifier.check('air-purifier:target-humidity', 45.2),
      because('specValueInvalid', /a number from 30 to 70 in steps of 0\.5, not 45\.2$/),
    );
    const tenths = parseSpec(oneProperty({ format: 'float', 'value-range': [0, 1, 0.1] }));
    assert.equal(tenths.check('prop.2.1', 0.1 + 0.2), 0.3);
    assert.equal(tenths.check('prop.2.1', 0.7), 0.7);
  });

  it('is a description in the language of the file', () => {
    assert.equal(purifier.check('air-purifier:mode', '自动'), 0);
  });

  it('is text of at most its length', () => {
    assert.equal(purifier.check('air-label:text', '12345678'), '12345678');
    assert.equal(purifier.check('air-label:text', 21), '21');
    assert.throws(
      () => purifier.check('air-label:text', '123456789'),
      because('specValueInvalid', /text of at most 8 characters/),
    );
    assert.throws(() => purifier.check('air-label:text', { a: 1 }), because('specValueInvalid'));
    assert.equal(purifier.check('air-label:frame', 'fe0A'), 'fe0A');
    assert.throws(() => purifier.check('air-label:frame', 'xyz'), because('specValueInvalid', /hexadecimal/));
  });

  it('is left to the device where the spec says nothing', () => {
    const any = { a: [1] };
    assert.equal(purifier.check('air-label:raw', any), any);
    assert.throws(() => purifier.check('air-label:raw', undefined), because('specValueInvalid'));
    assert.equal(lamp.check({ name: 'hidden', siid: 7, piid: 7 }, any), any);
    assert.equal(lamp.check({ name: 'fan', method: 'set_custom_mode' }, any), any);
  });

  it('is refused where nothing can be written, under the name of the user', () => {
    assert.throws(
      () => purifier.check({ name: 'temperature', siid: 3, piid: 7 }, 20),
      because('specNotWritable', /^Purifier: temperature cannot be written/),
    );
  });

  it('means nothing when it means two things', () => {
    const list = [
      { value: 0, description: '1' },
      { value: 1, description: '2' },
    ];
    const spec = parseSpec(oneProperty({ format: 'uint8', 'value-list': list }));
    assert.equal(spec.check('prop.2.1', 1), 1);
    assert.equal(spec.check('prop.2.1', '2'), 1);
    assert.throws(() => spec.check('prop.2.1', '1'), because('specValueInvalid', /one of 0 \(1\), 1 \(2\)/));
  });

  it('fits its format even without a range', () => {
    const limits: [string, number, number][] = [
      ['int8', -128, 127],
      ['uint8', 0, 255],
      ['int16', -32_768, 32_767],
      ['uint16', 0, 65_535],
      ['int32', -(2 ** 31), 2 ** 31 - 1],
      ['uint32', 0, 2 ** 32 - 1],
      ['int64', Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
      ['uint64', 0, Number.MAX_SAFE_INTEGER],
    ];
    for (const [format, min, max] of limits) {
      const spec = parseSpec(oneProperty({ format }));
      for (const value of [min, max]) assert.equal(spec.check('prop.2.1', value), value);
      for (const value of [min - 1, max + 1]) {
        assert.throws(() => spec.check('prop.2.1', value), because('specValueInvalid'), `${format} ${value}`);
      }
    }
    assert.equal(parseSpec(oneProperty({ format: 'float' })).check('prop.2.1', '-1.5'), -1.5);
  });

  it('is never sent outside its range, whatever it is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.double(), fc.integer({ min: -10, max: 7000 })), (value) => {
        for (const name of ['light:brightness', 'light:color-temperature', 'light:mode', 'light-2:on']) {
          try {
            const sent = Number(lamp.check(name, value));
            const { range } = lamp.property(name);
            assert.ok(Number.isInteger(sent) && (!range || (sent >= range.min && sent <= range.max)));
          } catch (error) {
            assert.ok(error instanceof MialinkError && error.reason === 'specValueInvalid', String(error));
          }
        }
      }),
    );
  });
});

function oneProperty(rules: object): unknown {
  return { services: [{ iid: 2, properties: [{ iid: 1, access: ['read', 'write'], ...rules }] }] };
}
