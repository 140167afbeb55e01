import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { FirmwareNotice } from '../../../../lib/aliyun/ota/notice';
import { encodeUpgrade, parseUpgrade } from '../../../../lib/aliyun/ota/upgrade-record';
import {
  IDLE,
  isOpen,
  isUnheard,
  next,
  type OtaState,
  targetOf,
  type Upgrade,
  type UpgradeEvent,
} from '../../../../lib/aliyun/ota/upgrade-state';

const noticeOf = (version: string, url = 'https://h/f'): FirmwareNotice => ({
  version,
  module: 'default',
  files: [{ name: `default-${version}`, url, size: 10, signMethod: 'md5', sign: 'a'.repeat(32) }],
  isDiff: false,
});

const NOTICED: UpgradeEvent = { type: 'noticed', notice: noticeOf('2') };
const STARTED: UpgradeEvent = { type: 'started' };
const RECEIVED: UpgradeEvent = { type: 'received', complete: true };
const VERIFIED: UpgradeEvent = { type: 'verified' };
const reported = (step: number): UpgradeEvent => ({ type: 'reported', step });
const informed = (version: string): UpgradeEvent => ({ type: 'informed', version });
const led = (...events: UpgradeEvent[]): Upgrade => events.reduce(next, IDLE);

/** The way to each open state. */
const WAYS = {
  notified: [NOTICED],
  downloading: [NOTICED, STARTED],
  verifying: [NOTICED, STARTED, RECEIVED],
  verified: [NOTICED, STARTED, RECEIVED, VERIFIED],
  flashing: [NOTICED, STARTED, RECEIVED, VERIFIED, reported(0)],
  waiting: [NOTICED, STARTED, RECEIVED, VERIFIED, reported(100)],
} as const satisfies Partial<Record<OtaState, UpgradeEvent[]>>;
const OPEN = Object.entries(WAYS).map(([state, way]) => ({ state, upgrade: led(...way) }));

const version = fc.constantFrom('1', '2', '3');
const notice = fc.tuple(version, fc.webUrl()).map(([text, url]) => noticeOf(text, url));
const event: fc.Arbitrary<UpgradeEvent> = fc.oneof(
  fc.constantFrom<UpgradeEvent>({ type: 'restarted' }, STARTED, VERIFIED, {
    type: 'failed',
  }),
  fc.record({ type: fc.constant('noticed'), notice }),
  fc.record({ type: fc.constant('refused'), version }),
  fc.record({ type: fc.constant('received'), complete: fc.boolean() }),
  fc.record({
    type: fc.constant('unsent'),
    failure: fc.option(fc.record({ step: fc.integer({ min: -4, max: -1 }), desc: fc.string() }), {
      nil: undefined,
    }),
  }),
  fc.record({ type: fc.constant('reported'), step: fc.integer({ min: -4, max: 100 }) }),
  fc.record({ type: fc.constant('informed'), version }),
);

describe('the state of an upgrade', () => {
  it('goes the way of a firmware', () => {
    for (const { state, upgrade } of OPEN) assert.equal(upgrade.state, state);
    assert.equal(led(...WAYS.flashing, reported(99)).state, 'flashing');
    assert.equal(led(...WAYS.flashing, reported(100)).state, 'waiting');
    assert.equal(led(...WAYS.downloading, VERIFIED).state, 'verified');
  });

  it('is left where it is by progress before the firmware is there, or after it is flashed', () => {
    for (const state of ['notified', 'downloading', 'verifying', 'waiting'] as const) {
      assert.equal(led(...WAYS[state], reported(50)).state, state);
    }
  });

  it('ends from everywhere by the version, by a failure, and by another firmware', () => {
    for (const { upgrade } of OPEN) {
      assert.deepEqual(next(upgrade, informed('2')), { state: 'done', version: '2' });
      assert.deepEqual(next(upgrade, reported(-4)), { state: 'failed', version: '2' });
      assert.deepEqual(next(upgrade, { type: 'failed' }), { state: 'failed', version: '2' });
      const newer = noticeOf('3');
      assert.deepEqual(next(upgrade, { type: 'noticed', notice: newer }), {
        state: 'notified',
        notice: newer,
      });
    }
  });

  it('is not changed by another version, a second notice or a bad one', () => {
    for (const { state, upgrade } of OPEN) {
      assert.equal(next(upgrade, informed('1')), upgrade);
      assert.equal(next(upgrade, { type: 'refused', version: '3' }), upgrade);
      assert.equal(next(upgrade, NOTICED).state, state);
    }
  });

  it('takes over the fresh address of a second notice as long as it may be needed', () => {
    const again: UpgradeEvent = { type: 'noticed', notice: noticeOf('2', 'https://h/fresh') };
    for (const { state, upgrade } of OPEN) {
      const now = next(upgrade, again);
      const isNeeded = ['notified', 'downloading', 'verifying'].includes(state);
      assert.equal(isOpen(now) && now.notice.files[0]?.url, isNeeded ? 'https://h/fresh' : 'https://h/f');
    }
  });

  it('goes on after a restart: verifies again what the flow has got, and leaves the rest', () => {
    const restarted = (state: keyof typeof WAYS) => led(...WAYS[state], { type: 'restarted' });
    for (const state of ['notified', 'downloading', 'verifying'] as const) {
      assert.deepEqual(restarted(state), led(...WAYS[state]));
    }
    for (const state of ['verified', 'flashing', 'waiting'] as const) {
      const again = restarted(state);
      assert.deepEqual([again.state, isOpen(again) && again.repeated], ['verifying', true]);
    }
  });

  it('remembers how it has failed until that is sent, or another firmware comes', () => {
    const failure = { step: -4, desc: 'worn out' };
    const failed = led(...WAYS.flashing, reported(-4));
    const unheard = next(failed, { type: 'unsent', failure });
    assert.deepEqual(unheard, { state: 'failed', version: '2', unsent: failure });
    assert.deepEqual(
      [isUnheard(unheard, '2'), isUnheard(unheard, '3'), isUnheard(failed, '2')],
      [true, false, false],
    );
    assert.deepEqual(next(unheard, { type: 'unsent', failure: undefined }), failed);
    assert.deepEqual(next(unheard, NOTICED), led(NOTICED));
    const open = led(...WAYS.flashing);
    assert.equal(next(open, { type: 'unsent', failure }), open);
  });

  it('obeys its rules whatever happens', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), (events) => {
        let upgrade = IDLE;
        for (const one of events) {
          const before = upgrade;
          upgrade = next(before, one);
          assert.equal(targetOf(upgrade) === undefined, upgrade.state === 'idle');
          if (upgrade === before) continue;
          if (upgrade.state === 'done') {
            // Only the informed version is success.
            assert.ok(one.type === 'informed' && one.version === targetOf(before) && isOpen(before));
          }
          if (upgrade.state === 'idle') assert.fail('nothing leads back to idle');
          if (one.type === 'unsent') assert.equal(upgrade.state, 'failed');
          if (upgrade.state === 'waiting') assert.ok(before.state === 'waiting' || one.type === 'reported');
          if (!isOpen(before)) assert.ok(['noticed', 'refused', 'unsent'].includes(one.type));
          if (isOpen(upgrade) && one.type !== 'noticed') assert.equal(targetOf(upgrade), targetOf(before));
          // A kill at any time loses nothing.
          assert.deepEqual(parseUpgrade(encodeUpgrade(upgrade)), JSON.parse(JSON.stringify(upgrade)));
        }
      }),
      { numRuns: 1000 },
    );
  });
});
