import assert from 'node:assert/strict';
import fc from 'fast-check';
import { MialinkError } from '../../../../lib/errors';
import { checkSceneEvents } from '../../../../lib/miio/push';

const CLICK = {
  sourceDid: 'lumi.158d0001234567',
  sourceModel: 'lumi.sensor_switch.v2',
  event: 'click',
  extra: '[1,13,1,85,[0,1],0,0]',
};
const check = (events: unknown) => checkSceneEvents('the gateway', events);

describe('the events of a gateway, as their user gives them', () => {
  it('are taken as they are, without spaces around and what else is there', () => {
    assert.deepEqual(check([CLICK, { ...CLICK, event: ' flip90 ', extra: CLICK.extra, more: 1 }]), [
      CLICK,
      { ...CLICK, event: 'flip90' },
    ]);
  });

  it('may be of the gateway itself, and have their code as an array', () => {
    assert.deepEqual(check([{ event: 'alarm', extra: [1, 19, [0, 1]] }]), [
      { sourceDid: '', sourceModel: '', event: 'alarm', extra: '[1,19,[0,1]]' },
    ]);
  });

  for (const [what, events, text] of [
    ['none', [], /events must be a list of 1 to 64 events, not 0 of them/],
    ['too many', Array.from({ length: 65 }, () => CLICK), /not 65 of them/],
    ['no list', CLICK, /events must be a list/],
    ['no object', [CLICK, 'click'], /name of event 2 must be a word such as click, not blank/],
    ['no model', [{ ...CLICK, sourceModel: '' }], / model of event 1 must be .*, not blank/],
    ['no event', [CLICK, { ...CLICK, event: ' ' }], /name of event 2/],
    ['no code', [{ ...CLICK, extra: undefined }], / code of event 1/],
    ['a did with spaces', [{ ...CLICK, sourceDid: 'lumi 1' }], / did of event 1 .*, not lumi 1/],
    ['a code without end', [{ ...CLICK, extra: `[${'1'.repeat(256)}]` }], /code of event 1/],
    ['a code that is no list', [{ ...CLICK, extra: 'click' }], /code of event 1 .*, not click/],
  ] as const) {
    it(`are refused: ${what}`, () => {
      assert.throws(
        () => check(events),
        (error) => error instanceof MialinkError && error.code === 'CONFIG' && text.test(error.message),
      );
    });
  }

  it('are either complete or refused, whatever they are', () => {
    const row = fc.record(
      { sourceDid: fc.jsonValue(), sourceModel: fc.string(), event: fc.string(), extra: fc.jsonValue() },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.array(row)), (events) => {
        try {
          for (const event of check(events)) assert.ok(event.event !== '' && event.extra !== '');
        } catch (error) {
          assert.ok(error instanceof MialinkError);
        }
      }),
    );
  });
});
