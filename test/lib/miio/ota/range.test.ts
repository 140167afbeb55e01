import assert from 'node:assert/strict';
import fc from 'fast-check';
import { readRange } from '../../../../lib/miio/ota/range';

describe('the header Range', () => {
  it('names the first, the middle and the last bytes', () => {
    assert.deepEqual(readRange('bytes=0-499', 1000), { start: 0, end: 500 });
    assert.deepEqual(readRange('bytes=500-', 1000), { start: 500, end: 1000 });
    assert.deepEqual(readRange('bytes=-100', 1000), { start: 900, end: 1000 });
    assert.deepEqual(readRange('Bytes=999-999', 1000), { start: 999, end: 1000 });
  });

  it('ends with the file', () => {
    assert.deepEqual(readRange('bytes=900-5000', 1000), { start: 900, end: 1000 });
    assert.deepEqual(readRange('bytes=-5000', 1000), { start: 0, end: 1000 });
  });

  it('is unsatisfiable behind the file, and for its last 0 bytes', () => {
    for (const header of ['bytes=1000-', 'bytes=1000-1001', 'bytes=-0', `bytes=${'9'.repeat(400)}-`]) {
      assert.equal(readRange(header, 1000), 'unsatisfiable', header);
    }
  });

  it('is ignored when it cannot be read, or names several ranges', () => {
    for (const header of [undefined, '', 'bytes=-', 'bytes=5-2', 'bytes=0-1,5-6', 'items=0-1', 'bytes=a-b']) {
      assert.equal(readRange(header, 1000), undefined, header);
    }
  });

  it('never names a byte that is not there', () => {
    const header = fc.oneof(
      fc.string(),
      fc.tuple(fc.option(fc.nat()), fc.option(fc.nat())).map(([a, b]) => `bytes=${a ?? ''}-${b ?? ''}`),
    );
    fc.assert(
      fc.property(header, fc.integer({ min: 1, max: 10_000 }), (header, size) => {
        const range = readRange(header, size);
        if (typeof range !== 'object') return;
        assert.ok(Number.isInteger(range.start) && Number.isInteger(range.end));
        assert.ok(range.start >= 0 && range.start < range.end && range.end <= size);
      }),
    );
  });
});
