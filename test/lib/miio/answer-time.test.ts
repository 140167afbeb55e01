/** The estimator of RFC 6298 with the numbers worked out by hand, and the waits that follow from it. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { AnswerTime, waits } from '../../../lib/miio/answer-time';

describe('the answer time of a method', () => {
  it('is taken for a second as long as nothing is known', () => {
    assert.equal(new AnswerTime().waitMs, 1_000);
  });

  it('follows RFC 6298: the first time, half of it as variation, then 1/8 and 1/4 of the news', () => {
    const time = new AnswerTime();
    time.add(400, false);
    assert.equal(time.waitMs, 400 + 4 * 200);
    time.add(800, false);
    // variation 0.75 * 200 + 0.25 * |400 - 800| = 250, smoothed 0.875 * 400 + 0.125 * 800 = 450
    assert.equal(time.waitMs, 450 + 4 * 250);
  });

  it('is never waited for less than 200 ms', () => {
    const time = new AnswerTime();
    for (let n = 0; n < 50; n++) time.add(2, false);
    assert.equal(time.waitMs, 200);
  });

  it('begins with the time of a repeated packet, but learns nothing more from one', () => {
    const time = new AnswerTime();
    time.add(300, true);
    assert.equal(time.waitMs, 900);
    time.add(5_000, true);
    assert.equal(time.waitMs, 900);
  });

  it('stays above the answers of a steady device', () => {
    const steady = fc.array(fc.integer({ min: 90, max: 110 }), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(steady, (samples) => {
        const time = new AnswerTime();
        for (const sample of samples) time.add(sample, false);
        assert.ok(time.waitMs >= 200 && time.waitMs <= 330);
      }),
    );
  });
});

describe('the waits behind the packets of one try', () => {
  it('are three, the second and third twice as long, when another try may follow', () => {
    assert.deepEqual([...waits(200, false, 3)], [200, 400, 400]);
  });

  it('double without end in the last try', () => {
    const last = waits(200, true, 3);
    const first = Array.from({ length: 6 }, () => last.next().value);
    assert.deepEqual(first, [200, 400, 800, 1_600, 3_200, 6_400]);
  });

  it('are a single one, longer than any deadline, when nothing may be repeated', () => {
    assert.deepEqual([...waits(200, true, 0)], [2 ** 31 - 1]);
  });
});
