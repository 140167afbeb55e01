/** Spec files: the names in them, and what a table of properties becomes with them. */
import assert from 'node:assert/strict';
import { parseSpec } from '../../../../lib/miio/spec';
import { because } from '../conversation';
import purifierFile from './air-purifier.json';
import lampFile from './lamp.json';

const lamp = parseSpec(lampFile, 'Lamp');
const purifier = parseSpec(JSON.stringify(purifierFile), 'Purifier');

describe('the names in a spec', () => {
  it('lead to all that it says', () => {
    const { siid, piid, format, access, unit, range } = lamp.property('light:brightness');
    assert.deepEqual([siid, piid, format, unit], [2, 2, 'uint8', 'percentage']);
    assert.deepEqual(access, ['read', 'write', 'notify']);
    assert.deepEqual(range, { min: 1, max: 100, step: 1 });
    const { list } = purifier.property('air-purifier:mode');
    assert.deepEqual(list?.[0], { value: 0, description: '自动' });
    assert.equal(lamp.type, 'urn:miot-spec-v2:device:light:0000A001:mialink-demo1:1');
  });

  it('are found in any case of letters, and with blanks around', () => {
    assert.equal(lamp.property(' Light:BRIGHTNESS ').piid, 2);
    assert.equal(purifier.property('environment:PM2.5-density').piid, 4);
    assert.equal(purifier.property('AIR-LABEL:text').siid, 9, 'in the namespace of the maker');
  });

  it('may have numbers, or be numbers', () => {
    for (const name of ['light-2:brightness', 'light:brightness-2', 'light-2:brightness-2', 'prop.2.2']) {
      assert.equal(lamp.property(name), lamp.property('light:brightness'), name);
    }
    assert.equal(lamp.action('action.2.1').aiid, 1);
    assert.equal(lamp.event('event.4.1').eiid, 1);
  });

  it('have a number where the words mean several', () => {
    const names = lamp.properties.map(({ name }) => name);
    assert.deepEqual(names.slice(2), [
      'light-2:on',
      'light:brightness',
      'light:color-temperature',
      'light:mode',
      'light:brightness-delta',
      'light-3:on',
      'light:color',
    ]);
    assert.equal(lamp.property('light-3:on').siid, 3);
    assert.throws(
      () => lamp.property('light:on'),
      because('specNameAmbiguous', /^Lamp: "light:on" .+ use light-2:on, light-3:on$/),
    );
    assert.throws(() => lamp.action('light:toggle'), because('specNameAmbiguous', /light-2:toggle/));
  });

  it('lead back from every entry to itself', () => {
    for (const spec of [lamp, purifier]) {
      for (const one of spec.properties) assert.equal(spec.property(one.name), one);
      for (const one of spec.actions) assert.equal(spec.action(one.name), one);
      for (const one of spec.events) assert.equal(spec.event(one.name), one);
    }
  });

  it('lead to actions with their inputs, and to events', () => {
    const { siid, aiid, in: inputs, out } = lamp.action('light:brightness-up');
    assert.deepEqual([siid, aiid, inputs, out], [2, 2, [5], [2]]);
    assert.deepEqual(lamp.action('light-3:toggle').in, []);
    const { siid: service, eiid } = lamp.event('button:click');
    assert.deepEqual([service, eiid], [4, 1]);
  });

  it('are suggested to whoever mistypes them', () => {
    const suggests = (wrong: string, ...right: string[]) =>
      assert.throws(
        () => lamp.property(wrong),
        (error: unknown) => {
          assert.ok(because('specNameUnknown', /^Lamp: the spec has no property "/)(error));
          assert.ok(error instanceof Error);
          for (const name of right) assert.ok(error.message.includes(name), error.message);
          return true;
        },
      );
    suggests('light:brigthness', 'light:brightness');
    suggests('brightness', 'light:brightness', 'light:brightness-delta');
    suggests('ligth:on', 'light-2:on');
    suggests('');
    suggests('x'.repeat(100_000));
    assert.throws(() => lamp.action('light:tggle'), because('specNameUnknown', /no action .+light-2:toggle/));
    assert.throws(() => purifier.event('a:b'), because('specNameUnknown', /no event "a:b".+: none$/));
    assert.throws(() => lamp.property('__proto__'), because('specNameUnknown'));
  });
});

describe('a table of properties with a spec', () => {
  it('gets numbers for names, under the names that it has', () => {
    const [first, second, third] = lamp.resolve(['Light:Color', { name: 'light-2:on' }, 'prop.2.2']);
    assert.ok(first && 'siid' in first && second && 'siid' in second && third && 'siid' in third);
    assert.deepEqual([first.name, first.siid, first.piid], ['Light:Color', 3, 2]);
    assert.deepEqual([second.name, second.siid, second.format], ['light-2:on', 2, 'bool']);
    assert.equal(third.name, 'prop.2.2');
  });

  it('gets formats for numbers', () => {
    const [known, unknown] = lamp.resolve([
      { name: 'power', siid: 2, piid: 1 },
      { name: 'hidden', siid: 2, piid: 99 },
    ]);
    assert.ok(known && 'format' in known);
    assert.deepEqual([known.name, known.format], ['power', 'bool']);
    assert.deepEqual(unknown, { name: 'hidden', siid: 2, piid: 99 }, 'the firmware may know it');
  });

  it('keeps a method of its own', () => {
    const battery = { name: 'battery', method: 'get_status' };
    assert.deepEqual(lamp.resolve([battery], 'read'), [battery]);
  });

  it('is refused when a name is unknown', () => {
    assert.throws(() => lamp.resolve([{ name: 'power' }]), because('specNameUnknown'));
  });

  it('is refused for what the spec does not allow', () => {
    assert.throws(
      () => lamp.resolve(['light:brightness-delta'], 'read'),
      because('specNotReadable', /^Lamp: light:brightness-delta cannot be read/),
    );
    assert.throws(
      () => purifier.resolve([{ name: 'humidity', siid: 3, piid: 1 }], 'write'),
      because('specNotWritable', /^Purifier: humidity cannot be written/),
    );
    assert.equal(lamp.resolve(['light:brightness-delta'], 'write').length, 1);
    assert.equal(purifier.resolve(['environment:temperature'], 'read').length, 1);
    assert.equal(lamp.resolve(['device-information:serial-number'], 'read').length, 1, 'it does not say');
  });
});

describe('an action with a spec', () => {
  it('gets numbers for its name and its inputs, and their values as the device takes them', () => {
    assert.deepEqual(lamp.resolveAction('Light:Brightness-Up', ['-10']), {
      siid: 2,
      aiid: 2,
      in: [{ piid: 5, value: -10 }],
    });
    assert.deepEqual(lamp.resolveAction('action.3.1'), { siid: 3, aiid: 1, in: [] });
  });

  it('is refused for a value that an input does not take', () => {
    for (const value of [101, 'up', null, undefined]) {
      assert.throws(
        () => lamp.resolveAction('light:brightness-up', [value]),
        because(
          'specValueInvalid',
          /^Lamp: light:brightness-delta must be a whole number from -100 to 100, not/,
        ),
      );
    }
  });

  it('is refused with more or fewer inputs than it has, and says which it has', () => {
    for (const values of [undefined, [], [1, 2]]) {
      assert.throws(
        () => lamp.resolveAction('light:brightness-up', values),
        because(
          'specValueInvalid',
          /^Lamp: the inputs of light:brightness-up must be a list of 1 \(light:brightness-delta\), not \[/,
        ),
      );
    }
    assert.throws(
      () => lamp.resolveAction('light-2:toggle', [1]),
      because('specValueInvalid', /inputs of light-2:toggle must be an empty list, not \[1\]$/),
    );
    // From JavaScript.
    for (const values of [10, null, { 5: 10 }, '5']) {
      assert.throws(
        () => Reflect.apply(lamp.resolveAction, lamp, ['light:brightness-up', values]),
        because('specValueInvalid', /must be a list of 1/),
      );
    }
  });

  it('leaves a value to the device where the spec does not know the input', () => {
    const spec = parseSpec({
      services: [
        { iid: 2, type: 'urn:x:service:vacuum', actions: [{ iid: 1, type: 'urn:x:action:go', in: [9] }] },
      ],
    });
    assert.deepEqual(spec.resolveAction('vacuum:go', ['home']).in, [{ piid: 9, value: 'home' }]);
    assert.throws(
      () => spec.resolveAction('vacuum:go', [null]),
      because('specValueInvalid', /prop\.2\.9 must be a value, not null/),
    );
  });

  it('is refused when its name is unknown or means several', () => {
    assert.throws(() => lamp.resolveAction('light:fly'), because('specNameUnknown'));
    assert.throws(() => lamp.resolveAction('light:toggle'), because('specNameAmbiguous'));
  });
});
