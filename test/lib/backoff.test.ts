/** Waiting times that double, with chance in them, and start short again after a success. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Backoff } from '../../lib/backoff';

describe('the back-off', () => {
  it('doubles from the shortest to the longest wait', () => {
    const backoff = new Backoff(1_000, 60_000, () => 0);
    const waits = Array.from({ length: 9 }, () => backoff.next());
    assert.deepEqual(waits, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  });

  it('is shortened at random by up to a quarter', () => {
    const drawn = [0, 0.5, 0.999_999];
    const backoff = new Backoff(1_000, 1_000, () => drawn.shift() ?? 0);
    assert.deepEqual([backoff.next(), backoff.next(), backoff.next()], [1_000, 875, 750]);
  });

  it('begins anew after a success', () => {
    const backoff = new Backoff(500, 60_000, () => 0);
    for (let n = 0; n < 5; n++) backoff.next();
    backoff.reset();
    assert.equal(backoff.next(), 500);
  });

  it('stays within its limits however long the silence', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 5_000 }), (tries) => {
        const backoff = new Backoff(1_000, 300_000);
        for (let n = 0; n < tries; n++) backoff.next();
        const wait = backoff.next();
        assert.ok(Number.isInteger(wait) && wait >= 750 && wait <= 300_000);
      }),
      { numRuns: 50 },
    );
  });
});
