/** What a device sends of its thing model: posts, history, batches, wishes, events, answers of services. */
import assert from 'node:assert/strict';
import { ThingModel } from '../../../../lib/aliyun/model';
import { because, lamp, modelOf } from './models';

describe('a property post', () => {
  it('carries several properties, with their time or without', () => {
    const params = {
      LightSwitch: { value: true, time: 1_524_448_722_000 },
      Brightness: { value: 50 },
      RGBColor: { value: { Red: 1, Fade: false }, time: 0 },
      Temperature: 21.5,
    };
    assert.deepEqual(lamp.checkProperties(params), {
      LightSwitch: { value: 1, time: 1_524_448_722_000 },
      Brightness: { value: 50 },
      RGBColor: { value: { Red: 1, Fade: 0 }, time: 0 },
      Temperature: 21.5,
    });
  });

  it('takes a Date for the time', () => {
    const checked = lamp.checkProperties({ Brightness: { value: 1, time: new Date(9) } });
    assert.deepEqual(checked, { Brightness: { value: 1, time: 9 } });
  });

  it('checks a value with a time like one without', () => {
    assert.throws(
      () => lamp.checkProperties({ Brightness: { value: 101, time: 1 } }),
      because('modelViolation', /: Brightness must be a whole number from 0 to 100, not 101,/),
    );
  });

  for (const time of ['1524448722000', 1.5, Number.NaN, null, undefined, new Date(Number.NaN)]) {
    it(`does not take ${JSON.stringify(time)} for a time`, () => {
      assert.throws(
        () => lamp.checkProperties({ Brightness: { value: 1, time } }),
        because('modelViolation', /: Brightness\.time must be the milliseconds since 1970 or a Date, not/),
      );
    });
  }

  it('does not take for a value with a time what has more than these', () => {
    assert.throws(
      () => lamp.checkProperties({ Brightness: { value: 1, time: 1, unit: '%' } }),
      because('modelViolation', /: Brightness must be a whole number/),
    );
    assert.throws(
      () => lamp.checkProperties({ Brightness: Object.create({ value: 1 }) }),
      because('modelViolation', /: Brightness must be a whole number/),
    );
  });

  it('leaves a struct whose members are called value and time alone', () => {
    const member = (identifier: string) => ({ identifier, dataType: { type: 'int', specs: { max: 5 } } });
    const model = modelOf({ type: 'struct', specs: [member('value'), member('time')] });
    assert.deepEqual(model.checkProperties({ Value: { value: 3, time: 4 } }), {
      Value: { value: 3, time: 4 },
    });
    assert.throws(
      () => model.checkProperties({ Value: { value: 3, time: 6 } }),
      because('modelViolation', /: Value\.time must be a whole number/),
    );
  });

  it('names an identifier that the model does not have, and those that it has', () => {
    assert.throws(
      () => lamp.checkProperties({ LightSwitch: 1, Brigthness: 50 }),
      because(
        'identifierUnknown',
        /^the lamp: the thing model has no property Brigthness; it has LightSwitch, B/,
      ),
    );
    assert.throws(
      () => lamp.checkProperties({ ['x'.repeat(500)]: 1 }),
      because('identifierUnknown', /no property x{80}; it has/),
    );
    assert.throws(
      () => manyProperties(25).checkProperties({ Nothing: 1 }),
      because('identifierUnknown', /it has P0, P1, .*, P19 and 5 more$/),
    );
  });

  it('has at most 200 properties', () => {
    const model = manyProperties(201);
    const all = model.identifiers.properties.map(({ identifier }): [string, number] => [identifier, 1]);
    const most = Object.fromEntries(all.slice(1));
    assert.deepEqual(model.checkProperties(most), most);
    assert.throws(
      () => model.checkProperties(Object.fromEntries(all)),
      because('payloadInvalid', /the payload of property post must be at most 200 properties, not 201$/),
    );
    assert.throws(() => model.checkHistory([Object.fromEntries(all)]), because('payloadInvalid', /200/));
    assert.throws(() => model.checkBatch(Object.fromEntries(all)), because('payloadInvalid', /200/));
  });

  for (const params of [null, undefined, 7, 'on', true, [1]]) {
    it(`is an object, not ${JSON.stringify(params)}`, () => {
      assert.throws(
        () => lamp.checkProperties(params),
        because('payloadInvalid', /the payload of property post must be an object of properties, not /),
      );
    });
  }
});

describe('a property history', () => {
  it('is a list of sets, converted each', () => {
    const sets = [
      { LightSwitch: { value: true, time: 1 }, Brightness: { value: 5, time: 1 } },
      { LightSwitch: { value: false, time: new Date(2) } },
    ];
    assert.deepEqual(lamp.checkHistory(sets), [
      { LightSwitch: { value: 1, time: 1 }, Brightness: { value: 5, time: 1 } },
      { LightSwitch: { value: 0, time: 2 } },
    ]);
    assert.deepEqual(lamp.checkHistory([]), []);
  });

  const refused: [unknown, RegExp][] = [
    [{ Brightness: 5 }, /: \[1\]\.Brightness must be \{value, time\}, not 5,/],
    [{ Brightness: { value: 5 } }, /: \[1\]\.Brightness\.time must be the milliseconds .* not undefined,/],
    [{ Brightness: { time: 5 } }, /: \[1\]\.Brightness must be \{value, time\}, not \{"time":5\},/],
    [{ Brightness: { value: 500, time: 5 } }, /: \[1\]\.Brightness must be a whole number .* not 500,/],
  ];
  for (const [set, text] of refused) {
    it(`does not take ${JSON.stringify(set)}`, () => {
      const sets = [{ Brightness: { value: 1, time: 1 } }, set];
      assert.throws(() => lamp.checkHistory(sets), because('modelViolation', text));
    });
  }

  it('is an array of objects', () => {
    assert.throws(
      () => lamp.checkHistory({ Brightness: { value: 1, time: 1 } }),
      because('payloadInvalid', /the payload of property history must be an array of objects, not object$/),
    );
    assert.throws(
      () => lamp.checkHistory([7]),
      because('payloadInvalid', /must be an object of properties, not number$/),
    );
    assert.throws(
      () => lamp.checkHistory([{ Nope: { value: 1, time: 1 } }]),
      because('identifierUnknown', /Nope/),
    );
  });
});

describe('a property batch', () => {
  it('is a list of values with their times for each property', () => {
    const given = {
      LightSwitch: [
        { value: true, time: 1 },
        { value: false, time: 2 },
      ],
      Brightness: [],
    };
    assert.deepEqual(lamp.checkBatch(given), {
      LightSwitch: [
        { value: 1, time: 1 },
        { value: 0, time: 2 },
      ],
      Brightness: [],
    });
  });

  const refused: [unknown, RegExp][] = [
    [{ value: 5, time: 1 }, /: Brightness must be a list of \{value, time\}, not \{"value":5,"time":1\},/],
    [[5], /: Brightness\[0\] must be \{value, time\}, not 5,/],
    [[{ value: 5, time: 1 }, { value: 5 }], /: Brightness\[1\]\.time must be the milliseconds/],
    [
      [
        { value: 5, time: 1 },
        { value: 101, time: 2 },
      ],
      /: Brightness\[1\] must be a whole number .* not 101,/,
    ],
  ];
  for (const [values, text] of refused) {
    it(`does not take ${JSON.stringify(values)}`, () => {
      assert.throws(() => lamp.checkBatch({ Brightness: values }), because('modelViolation', text));
    });
  }

  it('knows its properties', () => {
    assert.throws(() => lamp.checkBatch({ Nope: [] }), because('identifierUnknown', /no property Nope/));
    assert.throws(() => lamp.checkBatch([]), because('payloadInvalid', /an object of properties, not array/));
  });
});

describe('a question for desired values', () => {
  it('names properties of the model', () => {
    assert.deepEqual(lamp.checkIdentifiers(['Brightness', 'WorkMode']), ['Brightness', 'WorkMode']);
    assert.throws(
      () => lamp.checkIdentifiers(['Brightness', 'Nope']),
      because('identifierUnknown', /no property Nope/),
    );
  });

  it('is for all properties when it names none', () => {
    const all = lamp.identifiers.properties.map(({ identifier }) => identifier);
    assert.deepEqual(lamp.checkIdentifiers([]), all);
  });

  it('is for at most 200', () => {
    assert.equal(manyProperties(200).checkIdentifiers([]).length, 200);
    assert.throws(
      () => manyProperties(201).checkIdentifiers([]),
      because('payloadInvalid', /the payload of desired get must be at most 200 properties, not 201$/),
    );
  });

  it('is a list of texts', () => {
    for (const identifiers of [null, 'Brightness', { 0: 'Brightness' }, [7], [{}]]) {
      assert.throws(
        () => lamp.checkIdentifiers(identifiers),
        because('payloadInvalid', /must be an array of identifiers, not/),
      );
    }
  });
});

describe('an event', () => {
  it('carries its outputs, converted, and need not carry all', () => {
    assert.deepEqual(lamp.checkEvent('HeartbeatNotification', { ParkingState: true, VoltageValue: 3.0 }), {
      ParkingState: 1,
      VoltageValue: 3,
    });
    assert.deepEqual(lamp.checkEvent('HeartbeatNotification', {}), {});
    assert.deepEqual(lamp.checkEvent('Error', { ErrorCode: 0 }), { ErrorCode: 0 });
  });

  it('carries only what its outputs allow', () => {
    assert.throws(
      () => lamp.checkEvent('Error', { ErrorCode: 7 }),
      because('modelViolation', /: Error\.ErrorCode must be one of 0 \(none\), 1 \(too hot\), not 7,/),
    );
    assert.throws(
      () => lamp.checkEvent('Error', { Code: 0 }),
      because('identifierUnknown', /no parameter Error\.Code; it has ErrorCode$/),
    );
    assert.throws(
      () => lamp.checkEvent('Error', 0),
      because('modelViolation', /: Error must be an object with E/),
    );
  });

  it('is one of the product, not the one that carries properties', () => {
    assert.throws(
      () => lamp.checkEvent('Alarm', {}),
      because('identifierUnknown', /has no event Alarm; it has Error, HeartbeatNotification$/),
    );
    assert.throws(() => lamp.checkEvent('post', {}), because('identifierUnknown', /no event post/));
    assert.throws(() => lamp.checkEvent('__proto__', {}), because('identifierUnknown', /no event __proto__/));
  });
});

describe('the answer of a service', () => {
  it('carries its outputs, converted', () => {
    const outputs = { Offset: -0.5, Done: true };
    assert.deepEqual(lamp.checkServiceOutputs('Calibrate', outputs), { Offset: -0.5, Done: 1 });
    assert.deepEqual(lamp.checkServiceOutputs('Reboot', {}), {});
  });

  it('carries what the model requires, and nothing else', () => {
    assert.throws(
      () => lamp.checkServiceOutputs('Calibrate', { Offset: 1 }),
      because('modelViolation', /: Calibrate\.Done must be true or false \(1 or 0\), not undefined,/),
    );
    assert.throws(
      () => lamp.checkServiceOutputs('Reboot', { Done: 1 }),
      because('identifierUnknown', /no parameter Reboot\.Done; it has none$/),
    );
  });

  it('is one of the product', () => {
    for (const service of ['Nope', 'set', 'get']) {
      assert.throws(
        () => lamp.checkServiceOutputs(service, {}),
        because('identifierUnknown', /no service .*; it has Calibrate, Reboot$/),
      );
    }
  });
});

function manyProperties(count: number): ThingModel {
  const properties = Array.from({ length: count }, (_, index) => ({
    identifier: `P${index}`,
    dataType: { type: 'int' },
  }));
  return ThingModel.parse({ properties }, 'the device');
}
