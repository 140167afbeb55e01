/** Whether a device has come up anew, by the uptimes that it tells: of clocks that run, drift, stand still or are copies. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { hasRestarted } from '../../../../lib/miio/ota/verdict';

const told = (atS: number, uptimeS?: number) => ({ version: '1.0.0', uptimeS, atS });

describe('the restart of a device', () => {
  const BEFORE = told(100, 20);

  for (const [what, after, previous] of [
    ['an uptime shorter than before', told(160, 19), undefined],
    ['an uptime shorter than before, at the first look of many', told(101, 0), told(100.5, 20)],
    ['an uptime that has grown by less than the time', told(161, 26), told(160, 25)],
    ['the same uptime as before, of a clock that runs', told(161, 20), told(160, 19)],
    ['an uptime like that after a long time, however slow the clock may be', told(700, 540), told(699, 539)],
  ] as const) {
    it(`is seen by ${what}`, () => assert.ok(hasRestarted(BEFORE, after, previous)));
  }

  for (const [what, after, previous] of [
    ['nothing', undefined, undefined],
    ['no uptime', told(160), told(159)],
    ['one look alone', told(161, 26), undefined],
    ['an uptime that has grown by the time', told(160, 80), told(159, 79)],
    ['an uptime that has grown by more: the program slept meanwhile', told(160, 900), told(159, 899)],
    ['an uptime that stands still', told(700, 20), told(699, 20)],
    ['an uptime that is looked up once in a minute', told(130, 20), told(129, 20)],
    ['one like that, in the moment when it is looked up', told(178, 50), told(177, 20)],
    ['a clock that is slow by a twentieth', told(700, 590), told(699, 589)],
    ['an answer that is late', told(112, 26), told(111, 25)],
    ['two looks with a long time between them', told(161, 26), told(140, 5)],
  ] as const) {
    it(`is not seen by ${what}`, () => assert.ok(!hasRestarted(BEFORE, after, previous)));
  }

  it('is not seen where the uptime was not told before', () => {
    assert.ok(!hasRestarted(told(100), told(161, 26), told(160, 25)));
  });

  const seconds = (min: number, max: number) => fc.double({ min, max, noNaN: true });
  const gaps = fc.array(seconds(0.5, 7), { minLength: 2, maxLength: 60 });

  it('is never seen where there was none, whatever the clock of the device', () => {
    const clock = fc.record({
      bootS: seconds(-10_000, 0),
      speed: seconds(0.95, 1.05),
      copiedEveryS: fc.oneof(fc.constant(0), seconds(1, 600)),
    });
    const late = fc.array(seconds(0, 5), { minLength: 61, maxLength: 61 });
    fc.assert(
      fc.property(clock, gaps, late, ({ bootS, speed, copiedEveryS }, gaps, lateS) => {
        const uptimeAt = (atS: number) => {
          const uptimeS = (atS - bootS) * speed;
          const copied = copiedEveryS === 0 ? uptimeS : Math.floor(uptimeS / copiedEveryS) * copiedEveryS;
          return Math.floor(copied);
        };
        let atS = 0;
        const looks = [0, ...gaps].map((gapS, index) => {
          const askedS = atS + gapS;
          atS = askedS + (lateS[index] ?? 0);
          return told(atS, uptimeAt(askedS));
        });
        const [before, ...after] = looks;
        assert.ok(before);
        for (const [index, look] of after.entries()) {
          assert.ok(!hasRestarted(before, look, after[index - 1]), JSON.stringify({ before, look }));
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('is seen at the second look at the latest, however short the uptime was before', () => {
    const course = fc.record({
      uptimeS: seconds(0, 10_000),
      installS: seconds(40, 500),
      awayS: seconds(0, 120),
      gapS: seconds(1, 7),
    });
    fc.assert(
      fc.property(course, ({ uptimeS, installS, awayS, gapS }) => {
        const before = told(0, Math.floor(uptimeS));
        const first = told(installS + awayS, Math.floor(awayS));
        const second = told(installS + awayS + gapS, Math.floor(awayS + gapS));
        assert.ok(hasRestarted(before, first) || hasRestarted(before, second, first));
      }),
    );
  });
});
