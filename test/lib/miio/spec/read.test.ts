/** Spec files as they are found: with gaps, oddities, and by people who mean no good. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { MialinkError } from '../../../../lib/errors';
import { parseSpec, readSpec } from '../../../../lib/miio/spec';
import { because } from '../conversation';
import lampFile from './lamp.json';

const property = (rest: object) => ({ services: [{ iid: 2, properties: [{ iid: 1, ...rest }] }] });
const first = (rest: object) => parseSpec(property(rest)).property('prop.2.1');

describe('a spec file', () => {
  it('may lack and have whatever real ones lack and have', () => {
    const spec = parseSpec(lampFile);
    const serial = spec.property('device-information:serial-number');
    assert.deepEqual([serial.format, serial.access, serial.range], ['string', undefined, undefined]);
    assert.equal(first({ access: null }).access, undefined);
    assert.deepEqual(first({ access: [] }).access, []);
    assert.deepEqual(first({ access: ['write', 'read', 'gatt', 7] }).access, ['read', 'write']);
    assert.equal(first({ format: ' UINT8 ' }).format, 'uint8');
    assert.equal(first({ format: null }).format, '');
    assert.equal(first({}).name, 'service:unnamed');
    assert.equal(first({ type: 'urn:x:property:__proto__:1' }).name, 'service:__proto__');
  });

  it('may have ranges as text, without a step, or useless ones', () => {
    const range = (...list: unknown[]) => first({ format: 'float', 'value-range': list }).range;
    assert.deepEqual(range('0', '100', '0.5'), { min: 0, max: 100, step: 0.5 });
    assert.deepEqual(range(-5, 5), { min: -5, max: 5 });
    assert.deepEqual(range(0, 5, 0), { min: 0, max: 5 });
    for (const list of [[], [5, 1, 1], [null, 5, 1], ['a', 'b', 1]]) assert.equal(range(...list), undefined);
  });

  it('may have lists with useless values', () => {
    const list = [
      { value: '1', description: 7 },
      { value: null },
      5,
      null,
      { value: 'a', description: ' A ' },
    ];
    assert.deepEqual(first({ 'value-list': list }).list, [
      { value: 1, description: '' },
      { value: 'a', description: 'A' },
    ]);
    assert.equal(first({ 'value-list': [] }).list, undefined);
  });

  it('loses only the entries that have no usable number', () => {
    const entries = [
      { iid: 0 },
      { iid: '1' },
      { iid: 1.5 },
      { iid: 70_000 },
      null,
      5,
      {},
      { iid: 3, format: 'bool' },
      { iid: 3 },
    ];
    const spec = parseSpec({
      services: [...entries, { iid: 2, properties: entries, actions: 5, events: null }],
    });
    assert.deepEqual(
      spec.properties.map(({ siid, piid, format }) => [siid, piid, format]),
      [[2, 3, 'bool']],
    );
  });

  const bad: [string, unknown, RegExp][] = [
    ['no text of JSON', '{"services": [', /it is not JSON/],
    ['a list', '[]', /not a JSON object/],
    ['nothing', null, /not a JSON object/],
    ['the index of all models', { instances: [] }, /no services/],
    ['services that are none', { services: {} }, /no services/],
    ['no entries', { services: [{ iid: 1 }] }, /no properties, actions or events/],
    ['too many entries', many(2_001), /more than 2000 entries/],
    ['too long a text', ' '.repeat(2 ** 21 + 1), /longer than 2097152 bytes/],
    ['endless nesting', '['.repeat(1_000_000), /not JSON/],
    ['nested lists', `{"services":${'['.repeat(500_000)}${']'.repeat(500_000)}}`, /no properties/],
  ];
  for (const [what, source, cause] of bad) {
    it(`is refused when it is ${what}`, () => {
      assert.throws(() => parseSpec(source, 'Lamp'), because('specInvalid', cause));
      assert.throws(() => parseSpec(source, 'Lamp'), { code: 'CONFIG' });
    });
  }

  it('is read in no time when its entries all have one name', () => {
    const spec = parseSpec(many(2_000));
    assert.throws(() => spec.property('x'.repeat(100_000)), because('specNameUnknown'));
    assert.throws(
      () => spec.property('service:unnamed'),
      (error: unknown) => {
        return because('specNameAmbiguous')(error) && error instanceof Error && error.message.length < 500;
      },
    );
  });

  it('makes a spec or a MialinkError, whatever is in it', () => {
    const list = <One>(one: fc.Arbitrary<One>) => fc.oneof(fc.array(one, { maxLength: 4 }), fc.jsonValue());
    const fields = (kinds: Record<string, fc.Arbitrary<unknown>>) => fc.record(kinds, { requiredKeys: [] });
    const iid = fc.oneof(fc.integer({ min: 1, max: 3 }), fc.jsonValue());
    const type = fc.oneof(fc.constantFrom('urn:a:b:light:1', 'urn:a:b:on:1'), fc.jsonValue());
    const one = fields({
      iid,
      type,
      description: fc.jsonValue(),
      format: fc.oneof(fc.constantFrom('bool', 'uint8', 'float', 'string', 'hex'), fc.jsonValue()),
      access: list(fc.constantFrom('read', 'write')),
      'value-range': list(fc.double()),
      'value-list': list(fields({ value: fc.jsonValue(), description: fc.jsonValue() })),
      in: list(iid),
      out: list(iid),
      arguments: list(iid),
    });
    const service = fields({ iid, type, properties: list(one), actions: list(one), events: list(one) });
    const source = fc.oneof(fields({ services: list(service), type }), fc.jsonValue());
    fc.assert(
      fc.property(source, fc.jsonValue(), fc.string(), (json, value, name) => {
        const ours = (error: unknown) => assert.ok(error instanceof MialinkError, String(error));
        try {
          const spec = parseSpec(JSON.stringify(json));
          for (const { name: own } of spec.properties) {
            try {
              spec.check(own, value);
            } catch (error) {
              ours(error);
            }
          }
          spec.property(name);
        } catch (error) {
          ours(error);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('a spec from a path or from text', () => {
  let folder: string;

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'mialink-spec-'));
  });

  after(() => rm(folder, { recursive: true }));

  it('is read from a file, with a mark at its start and blanks around its path', async () => {
    const file = path.join(folder, 'lamp.json');
    await writeFile(file, `\uFEFF${JSON.stringify(lampFile)}`);
    assert.equal((await readSpec(` ${file}\n`)).property('light:brightness').piid, 2);
  });

  it('is read from text', async () => {
    const spec = await readSpec(`\uFEFF\n ${JSON.stringify(lampFile)}`);
    assert.equal(spec.property('light:brightness').piid, 2);
    await assert.rejects(readSpec('{"services": ', 'Lamp'), because('specInvalid', /^Lamp: .*not JSON/));
  });

  it('is refused when there is no such file, or it is none, or it is too long', async () => {
    const missing = path.join(folder, 'missing.json');
    await assert.rejects(readSpec(missing, 'Lamp'), because('specUnreadable', /^Lamp: .*missing\.json/));
    await assert.rejects(readSpec(folder), because('specUnreadable', /is not a file/));
    await assert.rejects(readSpec(''), because('specUnreadable'));
    const long = path.join(folder, 'long.json');
    await writeFile(long, ' '.repeat(2 ** 21 + 1));
    await assert.rejects(readSpec(long), because('specUnreadable', /longer than 2097152 bytes/));
  });
});

function many(count: number): unknown {
  const services = [1, 2, 3].map((iid) => ({
    iid,
    properties: Array.from({ length: Math.ceil(count / 3) }, (_, index) => ({ iid: index + 1 })),
  }));
  services[0]?.properties.splice(0, Math.ceil(count / 3) * 3 - count);
  return { services };
}
