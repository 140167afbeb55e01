/** What is said of wrong settings and payloads, and what a spec does. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { light } from '../simulators/home';
import { helper, load, statuses, statusText } from '../support/flow';
import { answerTo, failureOf, LIGHT_ROWS, propertyNode, sinks, useDevice } from './miio-property-flow';

const SPEC_FILE = join(__dirname, '../lib/miio/spec/lamp.json');
const SPEC_TEXT = readFileSync(SPEC_FILE, 'utf8');

async function payloadOf(message: Record<string, unknown>): Promise<unknown> {
  return (await answerTo(message)).payload;
}

describe('the settings of miio-property', () => {
  const bench = useDevice(light({ port: 0 }));

  const wrong: [string, Record<string, unknown>, RegExp][] = [
    ['a row without a name', { properties: [{ siid: 2, piid: 1 }] }, /row 1/],
    ['a siid without a piid', { properties: [{ name: 'a', siid: 2 }] }, /row 1/],
    ['a piid that is none', { properties: [{ name: 'a', siid: 2, piid: 'x' }] }, /row 1/],
    ['a siid of 0', { properties: [{ name: 'a', siid: 0, piid: 1 }] }, /row 1/],
    ['numbers and a method', { properties: [{ name: 'a', siid: 2, piid: 1, method: 'get_a' }] }, /row 1/],
    ['a name twice', { properties: [{ name: 'a' }, { name: 'a' }] }, /row 2/],
    ['a name that would be a prototype', { properties: [{ name: '__proto__' }] }, /row 1/],
    [
      'a destructive method',
      { properties: [{ name: 'a', method: 'miIO.restore' }] },
      /miIO\.restore neither reads nor writes a property.*only miio-command/,
    ],
    ['a table that is none', { properties: 'power' }, /properties must be/],
    ['nothing to watch', { mode: 'watch', properties: [] }, /which properties/],
    ['an interval of 0', { mode: 'watch', properties: LIGHT_ROWS, interval: 0 }, /interval/],
    ['an interval below a second', { mode: 'watch', properties: LIGHT_ROWS, interval: '0.5' }, /interval/],
    ['an interval that is none', { mode: 'watch', properties: LIGHT_ROWS, interval: 'x' }, /interval/],
    [
      'a spec that is not there',
      { properties: LIGHT_ROWS, spec: '/nowhere/spec.json' },
      /spec cannot be read/,
    ],
    ['a spec that is none', { properties: LIGHT_ROWS, spec: '{"services": 1}' }, /no MIoT instance/],
    [
      'a name that the spec has not',
      { properties: [{ name: 'light:brightnes' }], spec: SPEC_TEXT },
      /no property "light:brightnes"; the nearest that it has: light:brightness/,
    ],
  ];
  for (const [what, fields, text] of wrong) {
    it(`fails with CONFIG at each message, and shows it all the time, with ${what}`, async () => {
      await bench.start(fields);
      await statusText('property', 'miio-property.status.misconfigured');
      for (let time = 0; time < 2; time++) {
        const { code, message } = await failureOf({ payload: { power: true } });
        assert.equal(code, 'CONFIG');
        assert.match(message, text);
      }
      assert.equal(statuses('property').at(-1)?.text, 'miio-property.status.misconfigured');
      assert.deepEqual(bench.device.received, []);
    });
  }

  it('leaves out rows that nobody has filled in', async () => {
    await bench.start({ properties: [{ name: '', siid: '', piid: '', method: '' }, ...LIGHT_ROWS] });
    assert.deepEqual(await payloadOf({}), { power: false, bright: 60 });
  });

  it('says which payload a set and a get want', async () => {
    await bench.start({ mode: 'set', properties: LIGHT_ROWS });
    for (const payload of ['on', [], {}, null, { power: undefined }]) {
      const { code, message } = await failureOf({ payload });
      assert.equal(code, 'CONFIG');
      assert.match(message, /payload of set must be an object \{name: value\}/);
    }
    await helper.unload();
    await bench.start({});
    for (const payload of ['power', [], 1]) {
      assert.match((await failureOf({ payload })).message, /which properties/);
    }
    assert.equal((await failureOf({ payload: [['power']] })).code, 'CONFIG');
    assert.deepEqual(bench.device.received, []);
  });

  it('does not let a message send what destroys', async () => {
    await bench.start({ mode: 'set' });
    const properties = [{ name: 'a', method: ' miio.Config_Router ' }];
    assert.equal((await failureOf({ properties, payload: { a: {} } })).code, 'CONFIG');
    assert.deepEqual(bench.device.received, []);
  });

  it('wants a device of its own for a watch', async () => {
    await load([propertyNode({ device: '', mode: 'watch', properties: LIGHT_ROWS }), ...sinks]);
    const { port, token } = bench.device;
    const { code } = await failureOf({ device: { address: '127.0.0.1', port, token } });
    assert.equal(code, 'CONFIG');
    assert.equal(statuses('property').at(-1)?.text, 'miio-property.status.no-device');
  });

  describe('with a spec', () => {
    for (const [what, spec] of [
      ['a path', SPEC_FILE],
      ['its text', SPEC_TEXT],
    ] as const) {
      it(`takes its names for numbers, from ${what} in the field`, async () => {
        await bench.start({ spec, properties: [{ name: 'light-2:on' }, { name: 'light:brightness' }] });
        assert.deepEqual(await payloadOf({}), { 'light-2:on': false, 'light:brightness': 60 });
      });
    }

    for (const [what, spec] of [
      ['an object', JSON.parse(SPEC_TEXT)],
      ['text', SPEC_TEXT],
      ['the bytes of its text', Buffer.from(SPEC_TEXT)],
      ['a path', SPEC_FILE],
    ] as const) {
      it(`takes it from ${what} in the message`, async () => {
        await bench.start({});
        assert.deepEqual(await payloadOf({ spec, payload: ['light-2:on'] }), { 'light-2:on': false });
      });
    }

    for (const [what, spec] of [
      ['an array', [1]],
      ['bytes of something else', Buffer.from('power')],
      ['an empty file', Buffer.alloc(0)],
      ['a function', () => SPEC_TEXT],
    ] as const) {
      it(`refuses ${what} in the message, and asks the device for nothing`, async () => {
        await bench.start({});
        const { code, message } = await failureOf({ spec, payload: ['light-2:on'] });
        assert.equal(code, 'CONFIG');
        assert.match(message, /no MIoT instance.*give the JSON of one model/);
        assert.deepEqual(bench.device.received, []);
      });
    }

    for (const spec of [undefined, null, ' ']) {
      it(`takes ${JSON.stringify(spec)} in the message for none`, async () => {
        await bench.start({ properties: LIGHT_ROWS });
        assert.deepEqual(await payloadOf({ spec }), { power: false, bright: 60 });
      });
    }

    it('converts values before they are sent', async () => {
      await bench.start({ mode: 'set', spec: SPEC_TEXT });
      const set = { 'light-2:on': 'on', 'light:brightness': '42' };
      assert.deepEqual(await payloadOf({ payload: set }), { 'light-2:on': true, 'light:brightness': 42 });
      assert.deepEqual([bench.device.get('2.1'), bench.device.get('2.2')], [true, 42]);
    });

    it('refuses a value that the device would not take, and says what it would', async () => {
      await bench.start({ mode: 'set', spec: SPEC_TEXT, properties: LIGHT_ROWS });
      const { code, message } = await failureOf({ payload: { bright: 101 } });
      assert.equal(code, 'CONFIG');
      assert.match(message, /1 to 100/);
      assert.deepEqual(bench.device.received, []);
    });

    it('keeps the names of the table', async () => {
      await bench.start({ spec: SPEC_TEXT, properties: LIGHT_ROWS });
      assert.deepEqual(await payloadOf({}), { power: false, bright: 60 });
    });

    it('names what it does not know of a message, and the nearest that it knows', async () => {
      await bench.start({ spec: SPEC_TEXT });
      const { code, message } = await failureOf({ payload: ['light:brightnes'] });
      assert.equal(code, 'CONFIG');
      assert.match(message, /light:brightness/);
    });
  });
});
