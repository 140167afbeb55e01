/** Reading a TSL: what dialogs offer, and what is said of one that cannot be used. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { ThingModel } from '../../../../lib/aliyun/model';
import { because, lamp, lampTsl, modelOf } from './models';

describe('a thing model out of a TSL', () => {
  it('offers the properties with name, access and type', () => {
    const { properties } = lamp.identifiers;
    assert.deepEqual(properties.slice(0, 3), [
      { identifier: 'LightSwitch', name: '主灯开关', accessMode: 'rw', type: 'bool' },
      { identifier: 'Brightness', name: 'Brightness', accessMode: 'rw', type: 'int' },
      { identifier: 'Temperature', name: 'Temperature', accessMode: 'r', type: 'float' },
    ]);
    assert.deepEqual(
      properties.map(({ identifier }) => identifier),
      lampTsl.properties.map(({ identifier }) => identifier),
    );
  });

  it('offers the events and services of the product, not those of the platform', () => {
    const { events, services } = lamp.identifiers;
    assert.deepEqual(events, [
      { identifier: 'Error', name: 'Fault' },
      { identifier: 'HeartbeatNotification', name: 'Heartbeat' },
    ]);
    assert.deepEqual(services, [
      { identifier: 'Calibrate', name: 'Calibrate', sync: true },
      { identifier: 'Reboot', name: 'Reboot', sync: false },
    ]);
  });

  it('is the same out of text, also with a byte order mark', () => {
    const text = `\uFEFF${JSON.stringify(lampTsl)}`;
    assert.deepEqual(ThingModel.parse(text, 'the lamp').identifiers, lamp.identifiers);
  });

  it('may have no features yet', () => {
    const model = ThingModel.parse({ properties: [], events: [], services: [] }, 'the lamp');
    assert.deepEqual(model.identifiers, { properties: [], events: [], services: [] });
    assert.throws(
      () => model.checkProperties({ Power: 1 }),
      because('identifierUnknown', /^the lamp: the thing model has no property Power; it has none$/),
    );
  });

  it('takes limits that are numbers, texts, blank or missing', () => {
    const limits: [object, number, number][] = [
      [{ min: 1, max: 5 }, 1, 5],
      [{ min: '1', max: '5' }, 1, 5],
      [{ min: '', max: null }, -(2 ** 31), 2 ** 31 - 1],
      [{}, -(2 ** 31), 2 ** 31 - 1],
    ];
    for (const [specs, min, max] of limits) {
      const model = modelOf({ type: 'int', specs });
      for (const Value of [min, max]) assert.deepEqual(model.checkProperties({ Value }), { Value });
      for (const Value of [min - 1, max + 1]) {
        const range = new RegExp(`a whole number from ${min} to ${max}, not ${Value}`);
        assert.throws(() => model.checkProperties({ Value }), because('modelViolation', range));
      }
    }
  });

  it('may leave out the specs', () => {
    assert.deepEqual(modelOf({ type: 'double' }).checkProperties({ Value: -1e300 }), { Value: -1e300 });
    const text = modelOf({ type: 'text' });
    assert.equal(text.checkProperties({ Value: 'x'.repeat(10_240) }).Value, 'x'.repeat(10_240));
    assert.throws(() => text.checkProperties({ Value: 'x'.repeat(10_241) }), because('modelViolation'));
    const list = modelOf({ type: 'array', specs: { item: { type: 'int32' } } });
    assert.deepEqual(list.checkProperties({ Value: Array(512).fill(1) }), { Value: Array(512).fill(1) });
    assert.throws(() => list.checkProperties({ Value: Array(513).fill(1) }), because('modelViolation'));
  });

  it('nests arrays and structs in two levels', () => {
    const nest = (levels: number): object =>
      levels === 0
        ? { type: 'int', specs: { max: '9' } }
        : { type: 'array', specs: { size: '2', item: nest(levels - 1) } };
    const model = modelOf(nest(3));
    assert.deepEqual(model.checkProperties({ Value: [[[9]], []] }), { Value: [[[9]], []] });
    assert.throws(
      () => model.checkProperties({ Value: [[], [[0, 10]]] }),
      because('modelViolation', /: Value\[1\]\[0\]\[1\] must be .* not 10,/),
    );
    assert.throws(() => modelOf(nest(4)), because('modelInvalid', /is nested deeper than 2 levels/));
    assert.throws(() => modelOf(nest(5_000)), because('modelInvalid', /is nested deeper/));
  });

  it('does not load the schema library before a value is checked', () => {
    const script = `
      const { ThingModel } = require('./lib/aliyun/model');
      const isLoaded = () => Object.keys(require.cache).some((file) => /node_modules.ajv/.test(file));
      const model = ThingModel.parse(require('./test/lib/aliyun/model/lamp.json'), 'the lamp');
      const before = isLoaded();
      model.checkProperties({ Brightness: 1 });
      console.log(before, isLoaded());`;
    const shown = execFileSync(process.execPath, ['--import', 'tsx', '-e', script], { encoding: 'utf8' });
    assert.equal(shown.trim(), 'false true');
  });

  const property = (dataType: unknown) => ({ properties: [{ identifier: 'P', dataType }] });
  const list = (...properties: unknown[]) => ({ properties });
  const int = { type: 'int' };
  const unusable: [string, unknown, RegExp][] = [
    ['blank text', '', /^the lamp: the thing model is no valid TSL: it is not JSON; copy it from/],
    ['half a text', '{"properties": [', /it is not JSON/],
    ['very long text', `"${'x'.repeat(5_000_000)}"`, /it is longer than \d+ characters/],
    ['null', null, /it is not an object/],
    ['a number', 7, /it is not an object/],
    ['other JSON', { temperature: 21 }, /it has no properties, events or services/],
    ['no module', [], /it is empty/],
    ['a list of something', [lampTsl, 7], /: \[1\] is not an object/],
    ['properties that are no list', { properties: {} }, /: properties is not a list/],
    ['a property that is no object', list(7), /: properties\[0\] is not an object/],
    ['a property without identifier', list({ dataType: int }), /: properties\[0\]\.identifier is not an id/],
    ['a strange identifier', list({ identifier: 'a b', dataType: int }), /: properties\[0\]\.identifier is/],
    ['a long identifier', list({ identifier: 'a'.repeat(101), dataType: int }), /identifier is not an/],
    ['__proto__', list({ identifier: '__proto__', dataType: int }), /identifier is not an identifier/],
    [
      'one property twice',
      list({ identifier: 'P', dataType: int }, { identifier: 'P', dataType: int }),
      /: properties\.P is there twice/,
    ],
    ['no type', property(undefined), /: properties\.P\.dataType is not an object/],
    ['an unknown type', property({ type: 'long' }), /P\.dataType\.type is none of int, float, double, bool,/],
    [
      'a limit in words',
      property({ type: 'int', specs: { min: 'low' } }),
      /P\.dataType\.specs\.min is not a n/,
    ],
    ['an endless limit', property({ type: 'float', specs: { max: '1e999' } }), /specs\.max is not a number/],
    [
      'crossed limits',
      property({ type: 'int', specs: { min: '5', max: '1' } }),
      /specs has a min above its m/,
    ],
    ['a blank step of a limit', property({ type: 'int', specs: { max: ' ' } }), /specs\.max is not a number/],
    ['half a byte', property({ type: 'text', specs: { length: '1.5' } }), /specs\.length is not a whole num/],
    [
      'a negative size',
      property({ type: 'array', specs: { size: -1, item: int } }),
      /specs\.size is not a w/,
    ],
    ['an array of nothing', property({ type: 'array', specs: {} }), /specs\.item is not an object/],
    ['an empty enum', property({ type: 'enum', specs: {} }), /specs has no values/],
    ['a struct that is no list', property({ type: 'struct', specs: {} }), /specs is not a list/],
    [
      'a wrong member',
      property({ type: 'struct', specs: [{ identifier: 'Red', dataType: { type: 'colour' } }] }),
      /: properties\.P\.dataType\.specs\.Red\.dataType\.type is none of/,
    ],
    [
      'one member twice',
      property({ type: 'struct', specs: [1, 2].map(() => ({ identifier: 'Red', dataType: int })) }),
      /: properties\.P\.dataType\.specs\.Red is there twice/,
    ],
    [
      'a wrong output',
      { events: [{ identifier: 'E', outputData: [{ identifier: 'O', dataType: 7 }] }] },
      /: events\.E\.outputData\.O\.dataType is not an object/,
    ],
  ];
  for (const [what, tsl, text] of unusable) {
    it(`is refused for ${what}, saying where`, () => {
      assert.throws(() => ThingModel.parse(tsl, 'the lamp'), because('modelInvalid', text));
    });
  }
});
