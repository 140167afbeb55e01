/** Values by their types: converted for the cloud, or refused with the rule that they break. */
import assert from 'node:assert/strict';
import { runInNewContext } from 'node:vm';
import { because, lamp, modelOf } from './models';

describe('a value that is checked by a thing model', () => {
  const unchanged: [string, unknown][] = [
    ['LightSwitch', 1],
    ['LightSwitch', 0],
    ['Brightness', 50],
    ['Brightness', 0],
    ['Brightness', 100],
    ['Brightness', 55],
    ['Temperature', 11.11],
    ['Temperature', 80.5],
    ['Temperature', -40],
    ['Energy', 1e300],
    ['WorkMode', 2],
    ['Scene', 'NIGHT'],
    ['Description', 'Amazing Example'],
    ['Description', ''],
    ['Timestamp', '1252512000'],
    ['RGBColor', { Red: 11, Green: 22, Blue: 33 }],
    ['RGBColor', {}],
    ['Samples', [1, 2.5, -3, 0]],
    ['Samples', []],
    ['Timers', [{ At: '1', On: 0 }, { At: '2' }]],
    ['_LivingLink.activation', 3],
  ];
  for (const [identifier, value] of unchanged) {
    it(`stays as it is: ${identifier} ${JSON.stringify(value)}`, () => {
      assert.deepEqual(lamp.checkProperties({ [identifier]: value }), { [identifier]: value });
    });
  }

  const converted: [string, unknown, unknown][] = [
    ['LightSwitch', true, 1],
    ['LightSwitch', false, 0],
    ['Timestamp', new Date(1_635_839_462_000), '1635839462000'],
    ['Timestamp', 1_635_839_462_000, '1635839462000'],
    ['Timestamp', runInNewContext('new Date(5)'), '5'],
    ['RGBColor', { Red: 1, Fade: true }, { Red: 1, Fade: 1 }],
    ['Timers', [{ At: new Date(7), On: false }], [{ At: '7', On: 0 }]],
  ];
  for (const [identifier, value, expected] of converted) {
    it(`becomes what the cloud takes: ${identifier} ${JSON.stringify(value)}`, () => {
      assert.deepEqual(lamp.checkProperties({ [identifier]: value }), { [identifier]: expected });
    });
  }

  it('passes as it is when it is one of the vendor’s own, which no model names', () => {
    const given = { '_LivingLink.alarm': { anything: true } };
    assert.deepEqual(lamp.checkProperties(given), given);
  });

  it('is converted in a copy', () => {
    const given = { LightSwitch: true, RGBColor: { Fade: true }, Timers: [{ At: 1, On: true }] };
    const before = structuredClone(given);
    const checked = lamp.checkProperties(given);
    assert.deepEqual(given, before);
    assert.notEqual(checked, given);
  });

  const refused: [string, unknown, RegExp][] = [
    [
      'LightSwitch',
      2,
      /^the lamp: LightSwitch must be true or false \(1 or 0\), not 2, says the thing model$/,
    ],
    ['LightSwitch', '1', /not "1",/],
    ['LightSwitch', 'on', /not "on",/],
    ['Brightness', 101, /: Brightness must be a whole number from 0 to 100, not 101,/],
    ['Brightness', -1, /not -1,/],
    ['Brightness', 50.5, /not 50\.5,/],
    ['Brightness', '50', /not "50",/],
    ['Brightness', true, /not true,/],
    ['Brightness', null, /not null,/],
    ['Brightness', undefined, /not undefined,/],
    ['Brightness', Number.NaN, /not NaN,/],
    ['Brightness', 5n, /not bigint,/],
    [
      '_LivingLink.activation',
      2 ** 31,
      /: _LivingLink\.activation must be a whole number from -2147483648 to/,
    ],
    ['Temperature', 80.6, /: Temperature must be a number from -40 to 80\.5, not 80\.6,/],
    ['Temperature', Number.POSITIVE_INFINITY, /not Infinity,/],
    ['Energy', -0.1, /: Energy must be a number of at least 0, not -0\.1,/],
    ['Energy', Number.NEGATIVE_INFINITY, /not -Infinity,/],
    ['WorkMode', 3, /: WorkMode must be one of 0 \(manual\), 1 \(reading\), 2 \(cinema\), not 3,/],
    ['WorkMode', '0', /not "0",/],
    ['Scene', 'day', /: Scene must be one of DAY \(day\), NIGHT, not "day",/],
    ['Description', 'x'.repeat(17), /: Description must be text of at most 16 bytes in UTF-8, not "x{16,}/],
    ['Description', 12, /not 12,/],
    [
      'Timestamp',
      '2024-01-01',
      /: Timestamp must be a Date or the milliseconds since 1970, not "2024-01-01",/,
    ],
    ['Timestamp', new Date(Number.NaN), /not null,/],
    ['Timestamp', 1.5, /not 1\.5,/],
    ['RGBColor', { Red: 256 }, /: RGBColor\.Red must be a whole number from 0 to 255, not 256,/],
    ['RGBColor', { Fade: 2 }, /: RGBColor\.Fade must be true or false/],
    ['RGBColor', 'red', /: RGBColor must be an object with Red, Green, Blue, Fade, not "red",/],
    ['RGBColor', [1, 2, 3], /not \[1,2,3\],/],
    ['RGBColor', null, /not null,/],
    ['Samples', [1, 2, 3, 4, 5], /: Samples must be a list of at most 4, not \[1,2,3,4,5\],/],
    ['Samples', [1, 'two'], /: Samples\[1\] must be a number, not "two",/],
    ['Samples', 1, /: Samples must be a list of at most 4, not 1,/],
    ['Timers', [{ At: '1' }, { On: true }], /: Timers\[1\]\.At must be a Date .*, not undefined,/],
    ['Timers', [{ At: '1', On: 'no' }], /: Timers\[0\]\.On must be true or false .*, not "no",/],
  ];
  for (const [identifier, value, text] of refused) {
    it(`is refused with its rule: ${identifier} ${textOf(value)}`, () => {
      assert.throws(
        () => lamp.checkProperties({ LightSwitch: 1, [identifier]: value }),
        because('modelViolation', text),
      );
    });
  }

  it('has only members that the model knows', () => {
    assert.throws(
      () => lamp.checkProperties({ RGBColor: { Red: 1, White: 2 } }),
      because('identifierUnknown', /no parameter RGBColor\.White; it has Red, Green, Blue, Fade$/),
    );
    assert.throws(
      () => lamp.checkProperties({ Timers: [{ At: '1', toString: 1 }] }),
      because('identifierUnknown', /no parameter Timers\[0\]\.toString; it has At, On$/),
    );
  });

  it('is counted in bytes, as the platform counts text', () => {
    assert.deepEqual(lamp.checkProperties({ Description: '五个汉字啊' }), { Description: '五个汉字啊' });
    assert.throws(
      () => lamp.checkProperties({ Description: '六个汉字啊啊' }),
      because('modelViolation', /at most 16 bytes/),
    );
  });

  it('is shortened where it is shown', () => {
    const shown = /not "x{39}, says/;
    const Description = 'x'.repeat(100_000);
    assert.throws(() => lamp.checkProperties({ Description }), because('modelViolation', shown));
  });

  it('may be what JSON cannot express', () => {
    const circle: unknown[] = [];
    circle.push(circle);
    for (const value of [circle, { Red: circle }, () => 1, Symbol('s')]) {
      assert.throws(() => lamp.checkProperties({ RGBColor: value }), because('modelViolation'));
      assert.throws(() => lamp.checkProperties({ Brightness: value }), because('modelViolation'));
    }
  });

  it('never reaches a prototype', () => {
    const members = JSON.parse('{"Red": 1, "__proto__": {"Green": 2}}');
    assert.throws(
      () => lamp.checkProperties({ RGBColor: members }),
      because('identifierUnknown', /RGBColor\.__proto__/),
    );
    assert.throws(
      () => lamp.checkProperties(JSON.parse('{"__proto__": {"LightSwitch": 1}}')),
      because('identifierUnknown', /no property __proto__/),
    );
    for (const identifier of ['toString', 'constructor', 'hasOwnProperty']) {
      assert.throws(() => lamp.checkProperties({ [identifier]: 1 }), because('identifierUnknown'));
    }
  });

  it('may be a member that every object seems to have', () => {
    const member = (identifier: string, required: boolean) => ({
      identifier,
      required,
      dataType: { type: 'int' },
    });
    const model = modelOf({
      type: 'struct',
      specs: [member('constructor', true), member('toString', false)],
    });
    assert.deepEqual(model.checkProperties({ Value: { constructor: 1 } }), { Value: { constructor: 1 } });
    assert.throws(
      () => model.checkProperties({ Value: {} }),
      because('modelViolation', /: Value\.constructor must be a whole number .*, not undefined,/),
    );
  });

  it('costs next to nothing from the second time on', () => {
    const params = { LightSwitch: true, Brightness: 50, Temperature: 21.5 };
    lamp.checkProperties(params);
    const start = performance.now();
    for (let count = 0; count < 10_000; count++) lamp.checkProperties(params);
    // A few ms; a hundred times as long without what was compiled before.
    assert.ok(performance.now() - start < 2_000);
  });

  it('is told the first 20 of many', () => {
    const values = Array.from({ length: 50 }, (_, index) => [`${index}`, '']);
    const model = modelOf({ type: 'enum', specs: Object.fromEntries(values) });
    assert.throws(
      () => model.checkProperties({ Value: 50 }),
      because('modelViolation', /one of 0, 1, .*, 19 and 30 more, not 50/),
    );
  });
});

function textOf(value: unknown): string {
  return typeof value === 'bigint' ? 'a BigInt' : (JSON.stringify(value)?.slice(0, 30) ?? String(value));
}
