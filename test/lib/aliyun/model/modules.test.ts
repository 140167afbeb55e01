/** Thing models of several modules, as the console exports them: the main file names them, each has a file of its own. */
import assert from 'node:assert/strict';
import { ThingModel } from '../../../../lib/aliyun/model';
import { because } from './models';

const power = { identifier: 'Power', name: 'Power', dataType: { type: 'bool', specs: {} } };
const main = {
  profile: { productKey: 'a1modPK' },
  properties: [power],
  events: [],
  services: [],
  functionBlocks: [
    { productKey: 'a1modPK', functionBlockId: 'battery', functionBlockName: 'Battery module' },
  ],
};
const battery = {
  profile: { productKey: 'a1modPK' },
  functionBlockId: 'battery',
  functionBlockName: 'Battery module',
  properties: [
    power,
    { identifier: 'Level', name: 'Level', dataType: { type: 'int', specs: { min: '0', max: '100' } } },
  ],
  events: [{ identifier: 'Low', outputData: [{ identifier: 'Level', dataType: { type: 'int' } }] }],
  services: [{ identifier: 'Test', callType: 'sync', outputData: [] }],
};

describe('a thing model of several modules', () => {
  const forms: [string, unknown][] = [
    ['a list of files', [main, battery]],
    ['a list as text', JSON.stringify([battery, main])],
    ['one file that holds all', { ...main, functionBlocks: [battery] }],
  ];
  for (const [form, tsl] of forms) {
    it(`calls features of a module by both names, out of ${form}`, () => {
      const model = ThingModel.parse(tsl, 'the device');
      const { properties, events, services } = model.identifiers;
      const named = properties.map(({ identifier }) => identifier).sort();
      assert.deepEqual(named, ['Power', 'battery:Level', 'battery:Power']);
      assert.deepEqual(events, [{ identifier: 'battery:Low', name: 'Low' }]);
      assert.deepEqual(services, [{ identifier: 'battery:Test', name: 'Test', sync: true }]);
      assert.deepEqual(
        model.checkProperties({
          Power: true,
          'battery:Power': false,
          'battery:Level': { value: 5, time: 1 },
        }),
        { Power: 1, 'battery:Power': 0, 'battery:Level': { value: 5, time: 1 } },
      );
      assert.throws(
        () => model.checkProperties({ 'battery:Level': 101 }),
        because('modelViolation', /: battery:Level must be a whole number from 0 to 100, not 101,/),
      );
      assert.throws(
        () => model.checkProperties({ 'battery:Nope': 1 }),
        because('identifierUnknown', /no property battery:Nope/),
      );
      assert.throws(
        () => model.checkProperties({ Level: 1 }),
        because('identifierUnknown', /no property Level/),
      );
      assert.throws(
        () => model.checkEvent('battery:Low', { Level: 1.5 }),
        because('modelViolation', /: battery:Low\.Level must be/),
      );
      assert.deepEqual(model.checkServiceOutputs('battery:Test', {}), {});
    });
  }

  it('passes on what belongs to a module that it only names', () => {
    const model = ThingModel.parse(main, 'the device');
    const params = { Power: true, 'battery:Level': 500, 'battery:Any': { value: [true], time: 1 } };
    assert.deepEqual(model.checkProperties(params), { ...params, Power: 1 });
    assert.deepEqual(model.checkEvent('battery:Low', { Level: 'low' }), { Level: 'low' });
    assert.deepEqual(model.checkServiceOutputs('battery:Test', { any: 1 }), { any: 1 });
    assert.deepEqual(model.checkIdentifiers(['battery:Level']), ['battery:Level']);
    assert.throws(
      () => model.checkEvent('battery:Low', 7),
      because('modelViolation', /battery:Low must be an obj/),
    );
    assert.throws(
      () => model.checkProperties({ 'motor:Speed': 1 }),
      because('identifierUnknown', /motor:Speed/),
    );
  });

  it('has each feature once', () => {
    assert.throws(
      () => ThingModel.parse([main, battery, battery], 'the device'),
      because('modelInvalid', /\[2\]\.properties\.Power is there twice/),
    );
  });

  it('has modules that can be named', () => {
    for (const functionBlockId of [7, 'a b', '__proto__', 'a:b']) {
      assert.throws(
        () => ThingModel.parse([main, { ...battery, functionBlockId }], 'the device'),
        because('modelInvalid', /\[1\]\.functionBlockId is not an identifier/),
      );
    }
    assert.throws(
      () => ThingModel.parse({ functionBlocks: [7] }, 'the device'),
      because('modelInvalid', /functionBlocks\[0\] is not an object/),
    );
  });
});
