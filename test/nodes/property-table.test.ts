/** What is taken for a property: whatever a flow or a message says, a table comes out, or an error of the settings. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { MialinkError } from '../../lib/errors';
import { changesToSet, readTable } from '../../nodes/property-table';

const word = fc.oneof(fc.string(), fc.constantFrom('power', '__proto__', 'reboot', '', ' '), fc.jsonValue());
const number = fc.oneof(fc.integer(), fc.constantFrom('2', '', 'x', '1.5', 65_536), fc.jsonValue());
const row = fc.oneof(
  word,
  fc.record({ name: word, siid: number, piid: number, method: word }, { requiredKeys: [] }),
);

describe('the table of properties', () => {
  it('is what the library can send, or refused as a setting, whatever the rows are', () => {
    fc.assert(
      fc.property(fc.oneof(fc.array(row), fc.jsonValue()), (rows) => {
        const properties = unlessRefused(() => readTable('Lamp', rows)) ?? [];
        const names = properties.map(({ name }) => name);
        assert.equal(new Set(names).size, names.length);
        for (const property of properties) {
          assert.ok(property.name !== '' && property.name !== '__proto__');
          if (!('siid' in property)) continue;
          for (const iid of [property.siid, property.piid]) assert.ok(Number.isInteger(iid) && iid > 0);
        }
      }),
    );
  });

  it('gives each name of a payload its own value, or refuses the payload', () => {
    fc.assert(
      fc.property(fc.oneof(fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue()), (payload) => {
        const changes = unlessRefused(() => changesToSet('Lamp', [], undefined, payload));
        if (!changes) return;
        assert.deepEqual(
          changes.map(({ property, value }) => [property.name, value]),
          Object.entries(Object(payload)).map(([name, value]) => [name.trim(), value]),
        );
      }),
    );
  });

  it('takes numbers as text, and a name alone for a property without numbers', () => {
    assert.deepEqual(readTable('Lamp', ['power', { name: ' on ', siid: '2', piid: ' 1 ' }]), [
      { name: 'power' },
      { name: 'on', siid: 2, piid: 1 },
    ]);
  });

  it('says which row is wrong', () => {
    const rows = [{ name: 'power' }, {}, { name: 'on', siid: 2 }];
    assert.throws(() => readTable('Lamp', rows), /Lamp: properties, row 3 .*"siid":2/);
  });
});

/** Undefined where a setting is said to be wrong; any other error is thrown on. */
function unlessRefused<Value>(work: () => Value): Value | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof MialinkError && error.code === 'CONFIG') return undefined;
    throw error;
  }
}
