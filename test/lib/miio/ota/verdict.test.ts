import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type Evidence, isFree, judge, percentOf } from '../../../../lib/miio/ota/verdict';

const OLD = { version: '1.0.0' };
const NEW = { version: '2.0.0' };
const NOTHING = { version: undefined };
/** With the old version. */
const RESTARTED = { restarted: true };

/** The file fetched once, the device idle, and nothing else known. */
function evidence(more: Partial<Evidence> = {}): Evidence {
  const told = { before: OLD, state: 'idle', stateIsOld: false, after: OLD, restarted: false };
  return { ...told, requests: 1, fetches: 1, quiet: false, ...more };
}

describe('whether a device is free', () => {
  it('is told by the states everybody knows', () => {
    for (const state of ['idle', 'failed', 'installed']) assert.ok(isFree(state, 50), state);
    for (const state of ['downloading', 'downloaded', 'installing', 'busy'])
      assert.ok(!isFree(state, 101), state);
  });

  it('is told by progress 101 where nobody knows the state', () => {
    assert.ok(isFree('none', 101));
    assert.ok(!isFree('none', 100));
    assert.ok(!isFree('none', undefined));
  });
});

describe('the verdict about an update', () => {
  const verdicts: [string, Partial<Evidence>, ReturnType<typeof judge>][] = [
    ['done when another version runs', { after: NEW }, 'done'],
    ['done when another version runs, in a state that nobody knows', { state: 'none', after: NEW }, 'done'],
    ['done when the device has restarted, though the version is the same', RESTARTED, 'done'],
    [
      'done when a device has restarted that tells no version',
      {
        ...RESTARTED,
        before: NOTHING,
        after: NOTHING,
        target: '2.0.0',
      },
      'done',
    ],
    ['done when it was to be the same', { ...RESTARTED, target: '1.0.0' }, 'done'],
    ['open when it was to be another: it may restart again', { ...RESTARTED, target: '2.0.0' }, 'going'],
    [
      'open when it has restarted and does not tell its version yet',
      { ...RESTARTED, after: NOTHING },
      'going',
    ],
    [
      'a rejection when it was to be another, and it stays so',
      { ...RESTARTED, quiet: true, target: '2.0.0' },
      'rejected',
    ],
    ['done when the one that was meant runs', { after: NEW, target: '2.0.0' }, 'done'],
    ['open when it runs neither: it may restart again', { after: NEW, target: '3.0.0' }, 'going'],
    ['a failure when it stays so', { after: NEW, target: '3.0.0', quiet: true }, 'otherVersion'],
    ['open when another runs though nobody has fetched', { after: NEW, requests: 0, fetches: 0 }, 'going'],
    ['open while the old version runs without a restart', {}, 'going'],
    ['a rejection when that stays so', { quiet: true }, 'rejected'],
    ['a rejection at once when a bad image was fetched three times', { fetches: 3 }, 'rejected'],
    [
      'a rejection when only a part was fetched, and then nothing more',
      { fetches: 0, quiet: true },
      'rejected',
    ],
    ['open when it restarted before it had the whole file', { ...RESTARTED, fetches: 0 }, 'going'],
    [
      'a rejection when it rests in a state that nobody knows, and no update is running',
      { state: 'none', progress: 101, quiet: true },
      'rejected',
    ],
    ['open while nothing can be compared', { after: NOTHING }, 'going'],
    ['done when nothing can be compared and nothing more happens', { after: NOTHING, quiet: true }, 'done'],
    ['done when the device stays installed without a restart', { state: 'installed', quiet: true }, 'done'],
    [
      'open while it installs, even for long',
      { state: 'installing', quiet: true, after: undefined },
      'going',
    ],
    ['open in a state that nobody knows', { state: 'unpacking', quiet: true, after: undefined }, 'going'],
    [
      'open while the device is silent, even for long',
      { state: undefined, after: undefined, quiet: true },
      'going',
    ],
    ['a failure when the device says so', { state: 'failed', after: undefined }, 'failed'],
    ['open while nobody has fetched yet', { requests: 0, fetches: 0 }, 'going'],
    ['not fetched when nobody came', { requests: 0, fetches: 0, quiet: true }, 'notFetched'],
    [
      'not fetched when nobody came, whatever the state',
      { requests: 0, fetches: 0, quiet: true, state: 'downloading' },
      'notFetched',
    ],
    [
      'not fetched when the device fails without having come',
      { requests: 0, fetches: 0, state: 'failed' },
      'notFetched',
    ],
    [
      'open while a failure is an old one',
      { requests: 0, fetches: 0, state: 'failed', stateIsOld: true },
      'going',
    ],
    [
      'open while a failure is an old one, though it has begun to fetch',
      { fetches: 0, state: 'failed', stateIsOld: true },
      'going',
    ],
    [
      'a failure when an old one stays for good',
      { state: 'failed', stateIsOld: true, quiet: true },
      'failed',
    ],
  ];
  for (const [what, more, verdict] of verdicts) {
    it(`is ${what}`, () => assert.equal(judge(evidence(more)), verdict));
  }

  it('is never done without a new version, a restart, or a device that tells nothing', () => {
    const firmware = fc.constant(OLD);
    const any = fc.record({
      before: firmware,
      stateIsOld: fc.boolean(),
      state: fc.option(fc.constantFrom('idle', 'failed', 'downloading', 'x'), { nil: undefined }),
      after: firmware,
      restarted: fc.constant(false),
      requests: fc.nat(5),
      fetches: fc.nat(5),
      quiet: fc.boolean(),
    });
    fc.assert(fc.property(any, (one) => judge(one) !== 'done'));
  });
});

describe('the percentage of an update', () => {
  it('is the device’s own, else that of the file, and never 0 or 100', () => {
    assert.equal(percentOf(40, 0.9), 40);
    assert.equal(percentOf(undefined, 0.5), 50);
    assert.equal(percentOf(101, 0.25), 25);
    assert.equal(percentOf(0, 0), 1);
    assert.equal(percentOf(100, 1), 99);
    assert.equal(percentOf(undefined, 3), 99);
  });
});
