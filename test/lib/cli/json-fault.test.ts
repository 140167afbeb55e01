import assert from 'node:assert/strict';
import fc from 'fast-check';
import { jsonFault } from '../../../lib/cli/json-fault';

/** A text and the offset of what cannot be where it is. */
const FAULTS: [string, number][] = [
  ['', 0],
  ['  ', 2],
  ['{"method":"toggle",,"params":[],"id":1}', 19],
  ['{method:1}', 1],
  ["{'method':1}", 1],
  ['{"a":x}', 5],
  ['{"a":1,}', 7],
  ['{"a" 1}', 5],
  ['{"a":1 "b":2}', 7],
  ['{"a":[1,]}', 8],
  ['{"a":[1}}', 7],
  ['[01]', 2],
  ['[1] 2', 4],
  ['[True]', 1],
  ['{"a":"b\nc"}', 5],
  ['{"a":"\\x"}', 5],
  ['{"a":[{"b":{}', 13],
  ['{"a":', 5],
  ['}', 0],
  [',', 0],
];

describe('where a text stops being JSON', () => {
  for (const [text, offset] of FAULTS) {
    it(`is at ${offset} of ${JSON.stringify(text)}`, () => assert.equal(jsonFault(text), offset));
  }

  it('is the end of what only lacks its end', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.nat(), (value, seed) => {
        const whole = JSON.stringify([value], null, seed % 3);
        assert.equal(jsonFault(whole), whole.length);
        assert.equal(jsonFault(whole.slice(0, -1)), whole.slice(0, -1).length);
        assert.equal(jsonFault(`${whole},`), whole.length);
      }),
    );
  });

  it('is found in the deepest text that a command line holds', () => {
    assert.equal(jsonFault('['.repeat(100_000)), 100_000);
    assert.equal(jsonFault(`["${'x'.repeat(100_000)}",]`), 100_004);
  });
});
